import type { SessionInitError } from '../../../model/errors.js';
import type { JsonObject } from '../../../model/json.js';
import type { HttpClientOptions } from '../../http-client/options.js';
import type { ClaimPath } from '../../tokens/outcome-of-token.js';

/** A public key: a JSON Web Key, or in PEM (SPKI, or an X.509 certificate, of which nothing but the key is looked at). */
export type PublicKey = JsonObject | string;

/** How keys are fetched. */
type FetchOptions = Omit<HttpClientOptions, 'maxConnections' | 'maxQueued'>;

/** Options of `jwtAuthenticator`. */
export interface JwtAuthenticatorOptions extends FetchOptions {
  /** The name of this backend, in the log and in a path. @defaultValue `'jwt'` */
  name?: string;
  /** Who signs the tokens: the claim `iss` must be exactly this. */
  issuer: string;
  /** For whom tokens must be meant: one of these must be in the claim `aud`. Name this service, and nothing else. */
  audience: string | readonly string[];
  /**
   * Where the issuer publishes its keys.
   *
   * @defaultValue what the issuer's `/.well-known/openid-configuration` says
   */
  jwksUri?: string;
  /** Public keys that verify the tokens. Nothing is fetched then. */
  publicKeys?: readonly PublicKey[];
  /**
   * The signature algorithms that are taken, of `RS256`, `RS384`, `RS512`, `PS256`, `PS384`, `PS512`, `ES256`, `ES384`,
   * `ES512`, `EdDSA` and `Ed25519`. No other can be named.
   *
   * @defaultValue all of these
   */
  algorithms?: readonly string[];
  /**
   * The header `typ` that tokens must have; `false` to take any, also none, and with it tokens that the issuer made for
   * something else.
   *
   * @defaultValue `'at+jwt'`, that of access tokens by RFC 9068
   */
  typ?: string | false;
  /** The claim that must be exactly the user name that is asserted. @defaultValue `'sub'` */
  usernameClaim?: ClaimPath;
  /** The claim with the user's groups: a list of names, or one name. @defaultValue none */
  groupsClaim?: ClaimPath;
  /** Milliseconds since the claim `iat` after which a token is too old, whatever its `exp` says. @defaultValue no limit */
  maxTokenAge?: number;
  /** Milliseconds by which the issuer's clock may differ from ours, up to 300,000. @defaultValue 5000 */
  clockTolerance?: number;
  /** Milliseconds within which a request to the issuer, and a call that waits for one, must be over. @defaultValue 4000 */
  timeout?: number;
  /**
   * Milliseconds for which keys are used after they were asked for. They are fetched anew at half of it; if the issuer
   * cannot be reached, those at hand serve to the end of it.
   *
   * @defaultValue 600000
   */
  keysMaxAge?: number;
  /**
   * Milliseconds from one fetch of keys to the next, less than `timeout`. A token with a key that is not known waits for
   * that fetch; all that wait share it.
   *
   * @defaultValue 2000
   */
  keysCooldown?: number;
  /** How many calls may wait for a key that is not known, before more are refused as `overloaded`. @defaultValue 512 */
  maxWaiting?: number;
  /** Is told when keys cannot be fetched; once, until they can again. What it throws is ignored. */
  onKeysUnavailable?: (error: SessionInitError) => void;
}
