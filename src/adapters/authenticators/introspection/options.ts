import type { Secret } from '../../../model/secret.js';
import type { HttpClientOptions } from '../../http-client/options.js';
import type { ClaimPath } from '../../tokens/outcome-of-token.js';

/** Options of `introspectionAuthenticator`. Either `clientSecret` or `clientKey` must be given. */
export interface IntrospectionAuthenticatorOptions extends HttpClientOptions {
  /** The name of this backend, in the log and in a path. @defaultValue `'introspection'` */
  name?: string;
  /** The authorization server. If its answer has an `iss`, it must be exactly this. */
  issuer: string;
  /**
   * Where it is asked about tokens.
   *
   * @defaultValue what the issuer's `/.well-known/openid-configuration` says
   */
  introspectionEndpoint?: string;
  /** As whom it is asked. */
  clientId: string;
  /** The secret of that client, sent by `client_secret_basic`. */
  clientSecret?: Secret | string;
  /** The private key of that client in PEM, not encrypted, for `private_key_jwt`: RSA, P-256, P-384, P-521 or Ed25519. */
  clientKey?: Secret | string;
  /** The name (`kid`) of that key at the server. @defaultValue none */
  clientKeyId?: string;
  /**
   * How that key signs, if it is an RSA key: `RS256`, `RS384`, `RS512`, `PS256`, `PS384` or `PS512`. Any other has one way.
   *
   * @defaultValue `'RS256'`
   */
  clientKeyAlgorithm?: string;
  /**
   * For whom tokens must be meant: one of these must be in the answer's `aud`. `false` for a server that does not say: any
   * service that gets a user's token can then be that user here.
   */
  audience: string | readonly string[] | false;
  /** What tokens must be good for: all of these must be in the answer's `scope`. @defaultValue none */
  scope?: string | readonly string[];
  /** The part of the answer that must be exactly the user name that is asserted. @defaultValue `'sub'` */
  usernameClaim?: ClaimPath;
  /** The part of the answer with the user's groups: a list of names, or one name. @defaultValue none */
  groupsClaim?: ClaimPath;
  /** Milliseconds by which the server's clock may differ from ours, up to 300,000. @defaultValue 5000 */
  clockTolerance?: number;
}
