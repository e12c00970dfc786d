import { BackendFaultError } from '../../model/errors.js';
import { isJsonObject, own } from '../../model/json.js';
import { type JsonAnswer, type JsonEndpointOptions, jsonEndpoint } from '../http-client/json-endpoint.js';
import type { AuthorizationOutcome, AuthorizationRequest, Authorizer, CallOptions } from '../ports.js';

export type { JsonEndpointOptions } from '../http-client/json-endpoint.js';
export type { HttpClientOptions } from '../http-client/options.js';

/** Options of {@link httpAuthorizer}. `url` is that of the decision: `http://127.0.0.1:8181/v1/data/session/allow`. */
export interface HttpAuthorizerOptions extends JsonEndpointOptions {
  /** How the log calls it. @defaultValue `'http'` */
  name?: string;
}

/** An authorizer that asks a policy engine over HTTP. */
export interface HttpAuthorizer extends Authorizer {
  /** Asks for a decision on a user whom nobody has: any decision will do. */
  probe(options: CallOptions): Promise<void>;
  /** Ends every connection. */
  close(): Promise<void>;
}

/**
 * Asks Open Policy Agent, or a service of your own that speaks its REST form: `{"input": {…}}` by POST, and `{"result":
 * true}` or `{"result": {"allow": true}}` with status 200 is a yes. No result is a no, since that is what OPA answers where
 * no rule holds. Status 429 is an overload, and everything else a fault.
 *
 * @throws ConfigurationError with every problem of the options
 *
 * @example
 * ```ts
 * import { httpAuthorizer } from 'session-init/adapters/http-authorizer';
 *
 * const authorizer = httpAuthorizer({ url: 'http://127.0.0.1:8181/v1/data/session/allow' });
 * ```
 */
export function httpAuthorizer(options: HttpAuthorizerOptions): HttpAuthorizer {
  const { name = 'http' } = options;
  const endpoint = jsonEndpoint(name, options, { adapter: 'httpAuthorizer', options: ['name'], problems: [] });

  async function decide(request: AuthorizationRequest, caller: CallOptions): Promise<AuthorizationOutcome> {
    return outcomeOf(await endpoint.post(inputOf(name, request), caller));
  }

  return {
    name,
    authorize: decide,
    async probe(callOptions) {
      await decide({ user: 'session-init-probe', groups: [], claims: {} }, callOptions);
    },
    close: () => endpoint.close(),
  };
}

/** Groups and claims are always there, so that a policy need not ask whether they are. */
function inputOf(name: string, { user, groups = [], claims = {}, ipAddress }: AuthorizationRequest): string {
  try {
    return JSON.stringify({
      input: { user, groups, claims, ...(ipAddress !== undefined && { ip_address: ipAddress }) },
    });
  } catch {
    throw new BackendFaultError(`${name} cannot ask: the claims of the user cannot be written as JSON.`);
  }
}

/** @throws BackendFaultError if the answer is no decision */
function outcomeOf(answer: JsonAnswer): AuthorizationOutcome {
  if (answer.status !== 200) throw answer.fault(`with status ${answer.status}`);
  const decision = answer.json;
  if (!isJsonObject(decision)) throw answer.fault('something else than a JSON object');
  const result = own(decision, 'result');
  const allow = isJsonObject(result) ? own(result, 'allow') : result;
  if (allow === true) return { outcome: 'authorized' };
  if (allow === false) return { outcome: 'denied', cause: causeOf(result) };
  if (allow === undefined) return { outcome: 'denied', cause: 'undefinedDecision' };
  throw answer.fault('a result that is neither true nor false, nor has such an allow');
}

/** A policy may say why: `{"result": {"allow": false, "cause": "suspended"}}`. */
function causeOf(result: unknown): string {
  const cause = isJsonObject(result) ? own(result, 'cause') : undefined;
  return typeof cause === 'string' && /^[a-zA-Z]{1,40}$/.test(cause) ? cause : 'deniedByPolicy';
}
