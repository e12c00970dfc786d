import { randomBytes } from 'node:crypto';
import type { ClientAuth } from 'oauth4webapi';
import { BackendFaultError, ClosedError, MissingPackageError, OverloadedError } from '../../model/errors.js';
import type { JsonObject } from '../../model/json.js';
import { httpClient } from '../http-client/http-client.js';
import type { AuthenticationOutcome, Authenticator, CallOptions, Credentials } from '../ports.js';
import { issuerEndpoint } from '../tokens/issuer-endpoint.js';
import { outcomeOfToken } from '../tokens/outcome-of-token.js';
import { unlessAborted } from '../tokens/unless-aborted.js';
import { checkOptions } from './introspection/check-options.js';
import { clientAuthentication } from './introspection/client-authentication.js';
import type { IntrospectionAuthenticatorOptions } from './introspection/options.js';
import { denialOf, timeIn } from './introspection/token-state.js';

export type { ClaimPath } from '../tokens/outcome-of-token.js';
export type { IntrospectionAuthenticatorOptions } from './introspection/options.js';

/** An authenticator that asks an authorization server about the token that is the secret. */
export interface IntrospectionAuthenticator extends Authenticator {
  /** Asks about a token that nobody has. */
  probe(options: CallOptions): Promise<void>;
  /** Ends every connection. */
  close(): Promise<void>;
}

/** The characters of an access token by RFC 6749, appendix A.12. */
const TOKEN = /^[\x20-\x7e]+$/;

/**
 * Takes the secret for an access token, and asks the authorization server that issued it whether it is active (RFC 7662),
 * meant for this service, and of the user who is asserted. Each init is a request; `cached()` around it saves some of
 * them, and never keeps a yes beyond the token's end.
 *
 * The server's clear no is a denial, and so is that it does not know such tokens (`unsupported_token_type`). Whatever else
 * it answers, and that it refuses our own credentials, is a fault.
 *
 * @throws ConfigurationError with every problem of the options
 *
 * @example
 * ```ts
 * import { introspectionAuthenticator } from 'session-init/adapters/introspection';
 *
 * const authenticator = introspectionAuthenticator({
 *   issuer: 'https://id.example.com',
 *   clientId: 'session-init',
 *   clientSecret: process.env['CLIENT_SECRET'] ?? '',
 *   audience: 'https://sessions.example.com',
 *   usernameClaim: 'username',
 * });
 * ```
 */
export function introspectionAuthenticator(options: IntrospectionAuthenticatorOptions): IntrospectionAuthenticator {
  const settings = checkOptions(options);
  const { name, issuer, introspectionEndpoint } = settings;
  const http = httpClient(name, settings);
  const endpoint = issuerEndpoint({ ...settings, http, property: 'introspection_endpoint' });
  const client = { client_id: settings.clientId };
  let loaded: { readonly oauth: OAuth; readonly clientAuth: ClientAuth } | undefined;
  let isClosed = false;

  async function load() {
    if (loaded === undefined) {
      const oauth = await loadOAuth(name);
      loaded = { oauth, clientAuth: await clientAuthentication(oauth, settings) };
    }
    return loaded;
  }

  /** @returns what the server says of a token; undefined if it does not know such */
  async function introspect(token: string, caller: CallOptions): Promise<JsonObject | undefined> {
    const { oauth, clientAuth } = await load();
    const url = introspectionEndpoint ?? (await unlessAborted(endpoint.url(), caller));
    const server = { issuer, introspection_endpoint: url };
    const response = await oauth.introspectionRequest(server, client, clientAuth, token, {
      signal: caller.signal,
      additionalParameters: { token_type_hint: 'access_token' },
      [oauth.customFetch]: http.fetch,
      // Where a request goes in clear, `allowPlaintext` has allowed it, or it goes to this computer.
      [oauth.allowInsecureRequests]: true,
    });
    const { status, headers } = response;
    if (status === 429) throw new OverloadedError(`${name}: the server has too many requests.`, retryAfterOf(headers));
    if (status === 401 || status === 403) {
      throw new BackendFaultError(`${name}: the server refuses clientId or its credentials (status ${status}).`);
    }
    try {
      return { ...(await oauth.processIntrospectionResponse(server, client, response)) };
    } catch (cause) {
      const error = cause instanceof oauth.ResponseBodyError ? cause.error : undefined;
      if (error === 'unsupported_token_type') return undefined;
      endpoint.forget();
      // Nothing else of the answer: a broken server may send the token back.
      throw new BackendFaultError(`${name}: the server's answer is none of token introspection (status ${status}).`);
    }
  }

  async function authenticate(
    { username, secret }: Credentials,
    callOptions: CallOptions,
  ): Promise<AuthenticationOutcome> {
    if (isClosed) throw new ClosedError(name);
    const token = secret.reveal();
    // What cannot be a token says nothing of the server's users, and is no business of it.
    if (!TOKEN.test(token)) return { outcome: 'denied', cause: 'unknownUser' };
    const claims = await introspect(token, callOptions);
    const cause = claims === undefined ? 'unsupportedToken' : denialOf(claims, settings);
    if (claims === undefined || cause !== undefined) return { outcome: 'denied', cause };
    return outcomeOfToken({ ...settings, claims, expiresAt: timeIn(claims, 'exp', name) }, username);
  }

  return {
    name,
    authenticate,
    async probe(callOptions) {
      if (isClosed) throw new ClosedError(name);
      await introspect(randomBytes(32).toString('base64url'), callOptions);
    },
    async close() {
      isClosed = true;
      await http.close();
    },
  };
}

type OAuth = typeof import('oauth4webapi');

async function loadOAuth(name: string): Promise<OAuth> {
  try {
    return await import('oauth4webapi');
  } catch (cause) {
    throw new MissingPackageError('oauth4webapi', `The authenticator ${name}`, { cause });
  }
}

function retryAfterOf(headers: Headers): { retryAfter?: number } {
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  return Number.isInteger(seconds) && seconds > 0 && seconds <= 3_600 ? { retryAfter: seconds } : {};
}
