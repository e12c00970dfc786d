import { introspectionAuthenticator } from '../../dist/adapters/authenticators/introspection.js';
import { introspectionByHand } from '../by-hand/tokens.mjs';
import { startOidcProvider } from '../support/oidc-provider.mjs';
import { tokenLogins } from '../support/token-logins.mjs';
import { withAuthenticator } from '../support/with-authenticator.mjs';

export const variants = ['oauth4webapi', 'session-init'];
export const unit = 'us';

const USERS = 200;

/** A real OpenID provider asked whether a user's access token is active. */
export async function createVariant(variant, { milliseconds }) {
  const provider = await startOidcProvider(USERS);
  const authenticate =
    variant === 'oauth4webapi' ? introspectionByHand(provider) : withAuthenticator(adapter(provider));
  const tokens = provider.tokens.map(({ user, opaque }) => ({ user, token: opaque }));
  return { workloads: await tokenLogins(tokens, authenticate, milliseconds) };
}

const adapter = ({ issuer, audience, client }) =>
  introspectionAuthenticator({
    ...{ issuer, audience, introspectionEndpoint: `${issuer}/token/introspection` },
    ...{ clientId: client.id, clientSecret: client.secret },
  });
