import { resolve } from 'node:path';
import type { AuthorizationAnswer, StatefulAuthorizationCall, TypeAndId } from '@cedar-policy/cedar-wasm/nodejs';
import { BackendFaultError, ClosedError, ConfigurationError } from '../../model/errors.js';
import { own } from '../../model/json.js';
import { unknownOptions } from '../../model/known-options.js';
import { abortableOf } from '../../model/lazy-signal.js';
import type { AuthorizationOutcome, AuthorizationRequest, Authorizer, CallOptions } from '../ports.js';
import { claimsRecord } from './cedar/claims-record.js';
import { type OpenPolicies, openPolicies } from './cedar/open-policies.js';

/** Options of {@link cedarAuthorizer}. */
export interface CedarAuthorizerOptions {
  /** The file of the policies. A relative path starts from the working directory. */
  policies: string;
  /**
   * The file of a schema, in Cedar's own form. With one, a policy that asks for a claim without asking whether it is
   * there is found when the service starts, and a request that does not fit the schema is a fault.
   *
   * @defaultValue none
   */
  schema?: string;
  /** The id of the action: `Action::"createSession"`. @defaultValue `'createSession'` */
  action?: string;
  /** The id of the resource: `Service::"session-init"`. @defaultValue `'session-init'` */
  resource?: string;
  /** The namespace of all types: with `Acme`, the user is an `Acme::User`. @defaultValue none */
  namespace?: string;
  /** The claims that the policies get, in `context.claims`. @defaultValue all of them */
  claims?: readonly string[];
  /** How the log calls it. @defaultValue `'cedar'` */
  name?: string;
}

/** An authorizer that can be opened ahead of its first call. */
export interface CedarAuthorizer extends Authorizer {
  /**
   * Reads and parses the policies now, rather than with the first call, so that a service learns at its start whether
   * they can be used. Harmless if they are open; after a failure it can be called again.
   *
   * @throws ConfigurationError if a file cannot be read or is not valid, with every problem
   * @throws MissingPackageError if `@cedar-policy/cedar-wasm` is not installed
   */
  open(): Promise<void>;
}

/**
 * Asks policies in Cedar: may `User::"ada"`, who is in `Group::"staff"`, do `Action::"createSession"` on
 * `Service::"session-init"`? The context has `claims`, a record, and `ip`, the client's address.
 *
 * A policy that cannot be evaluated is a fault, whatever the others say: Cedar goes on without it, even if it is one that
 * forbids. Evaluation is synchronous. The files are read once.
 *
 * @throws ConfigurationError if an option cannot work. What is wrong with the files shows when they are opened.
 */
export function cedarAuthorizer(options: CedarAuthorizerOptions): CedarAuthorizer {
  checkOptions(options);
  const { name = 'cedar', namespace, action = 'createSession', resource = 'session-init', claims: names } = options;
  const entity = (type: string, id: string): TypeAndId => ({ type: namespace ? `${namespace}::${type}` : type, id });
  const [actionEntity, resourceEntity] = [entity('Action', action), entity('Service', resource)];
  let opening: Promise<OpenPolicies> | undefined;
  let isClosed = false;

  function opened(): Promise<OpenPolicies> {
    if (isClosed) throw new ClosedError(`The authorizer ${name}`);
    const schema = options.schema === undefined ? undefined : resolve(options.schema);
    opening ??= openPolicies(name, resolve(options.policies), schema).catch((cause: unknown) => {
      opening = undefined;
      throw cause;
    });
    return opening;
  }

  async function authorize(request: AuthorizationRequest, caller: CallOptions): Promise<AuthorizationOutcome> {
    abortableOf(caller).throwIfAborted();
    const { cedar, id } = await opened();
    if (isClosed) throw new ClosedError(`The authorizer ${name}`);
    const { user, groups = [], ipAddress } = request;
    // No policy can name what is no Unicode, and Cedar takes none.
    if (!user.isWellFormed()) return { outcome: 'denied', cause: 'illFormedName' };
    const principal = entity('User', user);
    const parents = groups.filter((group) => group.isWellFormed()).map((group) => entity('Group', group));
    const claims = claimsRecord(chosenClaims(request.claims), `${name}: claims`);
    // Put together without spreading: Cedar reads objects that were spread at half the speed.
    const call: StatefulAuthorizationCall = {
      principal,
      action: actionEntity,
      resource: resourceEntity,
      context: ipAddress ? { claims, ip: cedarAddress(ipAddress) } : { claims },
      entities: [{ uid: principal, attrs: {}, parents }],
      preparsedPolicySetId: id,
    };
    if (options.schema !== undefined) {
      call.preparsedSchemaName = id;
      call.validateRequest = true;
    }
    return readAnswer(ask(() => cedar.statefulIsAuthorized(call)));
  }

  function chosenClaims(claims: AuthorizationRequest['claims'] = {}): object {
    return names === undefined ? claims : Object.fromEntries(names.map((claim) => [claim, own(claims, claim)]));
  }

  function ask(call: () => AuthorizationAnswer): AuthorizationAnswer {
    try {
      return call();
    } catch (cause) {
      throw new BackendFaultError(`${name} could not evaluate its policies.`, { cause });
    }
  }

  function readAnswer(answer: AuthorizationAnswer): AuthorizationOutcome {
    if (answer.type !== 'success') {
      throw new BackendFaultError(`${name} could not take the request.`, { cause: textsOf(answer.errors) });
    }
    const { decision, diagnostics } = answer.response;
    if (diagnostics.errors.length > 0) {
      const ids = diagnostics.errors.map(({ policyId }) => policyId).join(', ');
      const cause = textsOf(diagnostics.errors.map(({ error }) => error));
      throw new BackendFaultError(`${name}: ${ids} could not be evaluated.`, { cause });
    }
    if (decision === 'allow') return { outcome: 'authorized' };
    return { outcome: 'denied', cause: diagnostics.reason.length > 0 ? 'forbiddenByPolicy' : 'notPermittedByPolicy' };
  }

  return {
    name,
    authorize,
    async open() {
      await opened();
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      await opening?.then(
        (policies) => policies.close(),
        () => {},
      );
    },
  };
}

/** Cedar knows nothing of the zone of an address, which means something on one machine only. */
function cedarAddress(ipAddress: string) {
  return { __extn: { fn: 'ip', arg: ipAddress.split('%', 1)[0] as string } };
}

function textsOf(errors: readonly { message: string }[]): Error {
  return new Error(errors.map(({ message }) => message).join('; '));
}

const TEXTS = ['policies', 'schema', 'action', 'resource', 'namespace', 'name'] as const;
const IDENTIFIERS = /^[A-Za-z_]\w*(::[A-Za-z_]\w*)*$/;

function checkOptions(options: CedarAuthorizerOptions): void {
  const { name = 'cedar', namespace, claims } = options;
  const problems = [
    ...unknownOptions('cedarAuthorizer', options, [...TEXTS, 'claims']),
    ...TEXTS.filter((option) => option === 'policies' || options[option] !== undefined)
      .filter((option) => typeof options[option] !== 'string' || options[option] === '')
      .map((option) => `${option} must be a text that is not empty.`),
  ];
  if (typeof namespace === 'string' && namespace !== '' && !IDENTIFIERS.test(namespace)) {
    problems.push('namespace must be a name such as Acme, or several with :: between them.');
  }
  if (claims !== undefined && !(Array.isArray(claims) && claims.every((claim) => typeof claim === 'string'))) {
    problems.push('claims must be a list of names.');
  }
  if (problems.length > 0) throw new ConfigurationError(`${name} cannot work: ${problems.join(' ')}`, { problems });
}
