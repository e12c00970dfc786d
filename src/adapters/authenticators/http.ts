import { systemClock } from '../../model/clock.js';
import { newId } from '../../model/new-id.js';
import { Secret } from '../../model/secret.js';
import { type JsonAnswer, type JsonEndpointOptions, jsonEndpoint } from '../http-client/json-endpoint.js';
import type { AuthenticationOutcome, Authenticator, CallOptions, Credentials } from '../ports.js';
import { type HttpAuthenticatorRequest, noSchema, yesSchema } from './http/messages.js';
import { signingSecretProblem, webhookSigner } from './http/sign-webhook.js';

export type { JsonEndpointOptions } from '../http-client/json-endpoint.js';
export type { HttpClientOptions } from '../http-client/options.js';

/** Options of {@link httpAuthenticator}. */
export interface HttpAuthenticatorOptions extends JsonEndpointOptions {
  /**
   * Signs each request, so that the service knows from whom it is: `whsec_` and 24 bytes or more in base64, as in Standard
   * Webhooks. It serves beside `token` or in its place.
   *
   * @defaultValue requests are not signed
   */
  signingSecret?: Secret | string;
  /** What the authenticator is called, in messages and in the paths of compositions. @defaultValue `'http'` */
  name?: string;
}

/** An authenticator whose users are behind a web service. */
export interface HttpAuthenticator extends Authenticator {
  /** Asks the service for a user whom nobody knows, which it must deny. */
  probe(options: CallOptions): Promise<void>;
  /** Ends every connection. */
  close(): Promise<void>;
}

/**
 * Asks a web service of your own, which knows the users or could ask whatever does: by a POST with the name and the secret
 * in JSON. Status 200 is a yes, 401 and 403 are a no, each only with the body that is published for it; 429 is an
 * overload, and everything else a fault. A request is sent once.
 *
 * @throws ConfigurationError with every problem of the options
 *
 * @example
 * ```ts
 * import { httpAuthenticator } from 'session-init/adapters/http';
 *
 * const authenticator = httpAuthenticator({
 *   url: 'https://auth.example.com/check',
 *   token: process.env['AUTH_TOKEN'] ?? '',
 * });
 * ```
 */
export function httpAuthenticator(options: HttpAuthenticatorOptions): HttpAuthenticator {
  const { name = 'http', signingSecret, clock = systemClock } = options;
  const endpoint = jsonEndpoint(name, options, {
    adapter: 'httpAuthenticator',
    options: ['name', 'signingSecret'],
    problems: [signingSecretProblem(signingSecret) ?? []].flat(),
  });
  const sign = signingSecret === undefined ? undefined : webhookSigner(signingSecret, clock);

  async function ask({ username, secret, oneTimeCode, ipAddress }: Credentials, caller: CallOptions) {
    const request: HttpAuthenticatorRequest = {
      username,
      secret: secret.reveal(),
      ...(oneTimeCode !== undefined && { one_time_code: oneTimeCode.reveal() }),
      ...(ipAddress !== undefined && { ip_address: ipAddress }),
    };
    const body = JSON.stringify(request);
    const answer = await endpoint.post(body, caller, sign && ((id) => sign(id, body)));
    return { answer, outcome: outcomeOf(answer) };
  }

  return {
    name,

    async authenticate(credentials, callOptions) {
      // Services differ in what they make of these: an empty secret passes for a bind of nobody in a directory, and a lone
      // surrogate is often read as U+FFFD, the same as any other.
      if (!isNonEmptyText(credentials.secret.reveal())) return { outcome: 'denied', cause: 'wrongSecret' };
      if (!isNonEmptyText(credentials.username)) return { outcome: 'denied', cause: 'unknownUser' };
      const { outcome } = await ask(credentials, callOptions);
      if (outcome.outcome === 'denied' || credentials.oneTimeCode === undefined) return outcome;
      // Such a code is good once, so nobody may keep the answer.
      return { ...outcome, expiresAt: 0 };
    },

    async probe(callOptions) {
      const nobody = { username: `session-init-probe-${newId()}`, secret: new Secret(newId()) };
      const { answer, outcome } = await ask(nobody, callOptions);
      if (outcome.outcome !== 'denied') throw answer.fault('with a yes for a user whom nobody has');
    },

    close: () => endpoint.close(),
  };
}

/** @throws BackendFaultError if the answer is neither a yes nor a no as published */
function outcomeOf(answer: JsonAnswer): AuthenticationOutcome {
  if (answer.status === 200) {
    const yes = yesSchema.safeParse(answer.json);
    if (yes.success) return { outcome: 'authenticated', ...yes.data };
    throw answer.fault('200 with something else than { "user": …, "groups"?: […], "claims"?: {…} }');
  }
  if (answer.status === 401 || answer.status === 403) {
    const no = noSchema.safeParse(answer.json);
    if (no.success) return { outcome: 'denied', cause: no.data.cause };
    // A gateway in front of the service says so, too, when it does not know us. That is no wrong secret of a user.
    throw answer.fault(`${answer.status} without { "cause": … }, so that it means us and not the user`);
  }
  throw answer.fault(`with status ${answer.status}`);
}

function isNonEmptyText(text: string): boolean {
  return text !== '' && text.isWellFormed();
}
