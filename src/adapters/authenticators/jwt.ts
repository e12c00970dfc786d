import type { JWTPayload, JWTVerifyOptions } from 'jose';
import {
  BackendFaultError,
  ClosedError,
  MissingPackageError,
  OverloadedError,
  SessionInitError,
} from '../../model/errors.js';
import { abortableOf } from '../../model/lazy-signal.js';
import { withDeadline } from '../../model/with-deadline.js';
import { type HttpClient, httpClient } from '../http-client/http-client.js';
import type { AuthenticationOutcome, Authenticator, CallOptions, Credentials } from '../ports.js';
import { outcomeOfToken } from '../tokens/outcome-of-token.js';
import { unlessAborted } from '../tokens/unless-aborted.js';
import { checkOptions, type JwtSettings } from './jwt/check-options.js';
import { denialCause } from './jwt/denial-cause.js';
import { fetchedKeys } from './jwt/fetched-keys.js';
import { givenKeys } from './jwt/given-keys.js';
import { keySetFetcher } from './jwt/key-set-fetcher.js';
import type { KeySet, KeySource, LoadJose } from './jwt/key-source.js';
import type { JwtAuthenticatorOptions } from './jwt/options.js';
import { claimsToBeFrom, verifyToken } from './jwt/verify-token.js';

export type { ClaimPath } from '../tokens/outcome-of-token.js';
export type { JwtAuthenticatorOptions, PublicKey } from './jwt/options.js';

/** An authenticator to which the secret is a signed token. */
export interface JwtAuthenticator extends Authenticator {
  /** Fetches the issuer's keys. */
  probe(options: CallOptions): Promise<void>;
  /** Ends what is under way. */
  close(): Promise<void>;
}

/**
 * Takes the secret for a JSON Web Token that an issuer has signed: an OpenID provider, or whoever has a key pair. It must
 * be meant for this service and not have expired, and its claim must be exactly the user name that is asserted.
 *
 * The issuer's keys are fetched and kept. A token that names an unknown key is no reason for a denial until the keys have
 * been fetched anew; for all such tokens together that is one request in a cool-down. An issuer that cannot be reached, or
 * whose answer is no set of keys, is a fault; tokens whose keys are at hand are verified all the same.
 *
 * A token that is bound to a key of its holder (`cnf`) is denied, since that key does not come with the secret.
 *
 * @throws ConfigurationError with every problem of the options
 *
 * @example
 * ```ts
 * import { jwtAuthenticator } from 'session-init/adapters/jwt';
 *
 * const authenticator = jwtAuthenticator({
 *   issuer: 'https://id.example.com',
 *   audience: 'https://sessions.example.com',
 *   usernameClaim: 'preferred_username',
 *   groupsClaim: ['realm_access', 'roles'],
 * });
 * ```
 */
export function jwtAuthenticator(options: JwtAuthenticatorOptions): JwtAuthenticator {
  const settings = checkOptions(options);
  const { name, issuer, clock, timeout, maxWaiting } = settings;
  const verifyOptions = verifyOptionsOf(settings);
  const http = httpClient(name, settings);
  const keys =
    settings.publicKeys === undefined
      ? openFetchedKeys(settings, http, loadJose)
      : givenKeys(settings.publicKeys, loadJose);
  let loaded: Jose | undefined;
  let waiting = 0;
  let isClosed = false;

  async function loadJose(): Promise<Jose> {
    try {
      loaded ??= await import('jose');
      return loaded;
    } catch (cause) {
      throw new MissingPackageError('jose', `The authenticator ${name}`, { cause });
    }
  }

  /** Waits for the issuer, but not longer than this call may take, nor than somebody waits for it. */
  function wait<Result>(result: Promise<Result>, { begun, caller }: Call): Promise<Result> {
    const rest = Math.max(1, begun + timeout - clock.monotonic());
    return withDeadline(clock, rest, `${name}: the issuer`, () => unlessAborted(result, caller));
  }

  async function waitForNewKeys(call: Call): Promise<KeySet> {
    if (waiting >= maxWaiting) throw new OverloadedError(`${name}: ${waiting} calls wait for new keys already.`);
    waiting += 1;
    try {
      return await wait(keys.refresh(), call);
    } finally {
      waiting -= 1;
    }
  }

  /** Verifies with the keys at hand and, while the token's is not among them, with newer ones. */
  async function verify(token: string, jose: Jose, call: Call): Promise<JWTPayload> {
    const { JWKSNoMatchingKey, JWTInvalid } = jose.errors;
    // Others' tokens are no reason to ask for keys.
    const isOurs = () => claimsToBeFrom(jose, issuer, token);
    let set = keys.atHand();
    if (set === undefined) {
      if (!isOurs()) throw new JWTInvalid('It is no token of the issuer.');
      set = await wait(keys.refresh(), call);
    }
    for (;;) {
      try {
        return await verifyToken(jose, token, set, { ...verifyOptions, currentDate: new Date(clock.now()) });
      } catch (error) {
        const mayBeNewer = error instanceof JWKSNoMatchingKey && set.requestedAt < call.begun && isOurs();
        if (!mayBeNewer) throw error;
      }
      set = await waitForNewKeys(call);
    }
  }

  /** When the token ends: `exp` is always there, and `iat` where its age is limited. */
  function endOf({ exp = 0, iat = 0 }: JWTPayload): number {
    return Math.min(exp * 1000, iat * 1000 + (settings.maxTokenAge ?? Number.POSITIVE_INFINITY));
  }

  async function authenticate({ username, secret }: Credentials, caller: CallOptions): Promise<AuthenticationOutcome> {
    if (isClosed) throw new ClosedError(name);
    const call = { begun: clock.monotonic(), caller };
    const jose = loaded ?? (await loadJose());
    const token = secret.reveal();
    let claims: JWTPayload;
    try {
      claims = await verify(token, jose, call);
    } catch (error) {
      const cause = denialCause(error, jose.errors);
      // What is no token of the issuer says nothing of its users.
      const isForeign = cause !== undefined && !claimsToBeFrom(jose, issuer, token);
      if (cause !== undefined) return { outcome: 'denied', cause: isForeign ? 'unknownUser' : cause };
      if (error instanceof SessionInitError || abortableOf(caller).isAborted) throw error;
      throw new BackendFaultError(`${name} could not verify a token.`, { cause: error });
    }
    return outcomeOfToken({ ...settings, claims, expiresAt: endOf(claims) }, username);
  }

  return {
    name,
    authenticate,
    async probe(caller) {
      if (isClosed) throw new ClosedError(name);
      await wait(keys.probe(caller), { begun: clock.monotonic(), caller });
    },
    async close() {
      isClosed = true;
      keys.close();
      await http.close();
    },
  };
}

type Jose = typeof import('jose');

/** When a call came, and what ends it. */
interface Call {
  readonly begun: number;
  readonly caller: CallOptions;
}

function openFetchedKeys(settings: JwtSettings, http: HttpClient, loadJose: LoadJose): KeySource {
  const { name, clock, keysMaxAge, keysCooldown, onKeysUnavailable } = settings;
  return fetchedKeys({
    ...{ name, clock, loadJose },
    maxAge: keysMaxAge,
    cooldown: keysCooldown,
    fetchKeySet: keySetFetcher({ ...settings, http }),
    onFailure(error) {
      try {
        onKeysUnavailable?.(error as SessionInitError);
      } catch {
        // A listener is not part of the authentication, and must not make it fail.
      }
    },
  });
}

function verifyOptionsOf(settings: JwtSettings): JWTVerifyOptions {
  const { issuer, audience, algorithms, typ, clockTolerance, maxTokenAge } = settings;
  return {
    issuer,
    audience: [audience].flat(),
    algorithms: [...algorithms],
    requiredClaims: ['exp'],
    clockTolerance: clockTolerance / 1000,
    ...(typ !== false && { typ }),
    ...(maxTokenAge !== undefined && { maxTokenAge: maxTokenAge / 1000 }),
  };
}
