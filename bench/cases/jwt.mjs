import { jwtAuthenticator } from '../../dist/adapters/authenticators/jwt.js';
import { jwtByHand } from '../by-hand/tokens.mjs';
import { startOidcProvider } from '../support/oidc-provider.mjs';
import { tokenLogins } from '../support/token-logins.mjs';
import { withAuthenticator } from '../support/with-authenticator.mjs';

export const variants = ['jose', 'session-init'];
export const unit = 'us';

const USERS = 200;

/** A user's access token verified with the key that a real OpenID provider has published. */
export async function createVariant(variant, { milliseconds }) {
  const provider = await startOidcProvider(USERS);
  const authenticate = variant === 'jose' ? jwtByHand(provider) : withAuthenticator(adapter(provider));
  const tokens = provider.tokens.map(({ user, jwt }) => ({ user, token: jwt }));
  return { workloads: await tokenLogins(tokens, authenticate, milliseconds) };
}

const adapter = ({ issuer, audience }) => jwtAuthenticator({ issuer, audience, jwksUri: `${issuer}/jwks` });
