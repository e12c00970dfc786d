import { once } from 'node:events';
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';

/*
 * A process with oidc-provider in it, a certified OpenID provider. It sends its parent where it is, its client, and an
 * access token of either kind for each user; and it ends with its parent.
 */

console.warn = () => {};
const { Provider } = await import('oidc-provider');

const audience = 'https://sessions.example.com';
const client = { id: 'session-init', secret: 'marked-client-secret' };

const server = createServer((request, response) => provider.callback()(request, response));
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const issuer = `http://127.0.0.1:${server.address().port}`;

const { privateKey } = await generateKeyPair('ES256', { extractable: true });
const key = { ...(await exportJWK(privateKey)), kid: 'key-1', use: 'sig', alg: 'ES256' };
const provider = new Provider(issuer, {
  jwks: { keys: [key] },
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  clients: [
    { client_id: client.id, client_secret: client.secret, grant_types: [], response_types: [], redirect_uris: [] },
  ],
  features: {
    devInteractions: { enabled: false },
    introspection: { enabled: true, allowedPolicy: () => true },
    resourceIndicators: { enabled: true },
  },
});

const tokens = await Promise.all(
  Array.from({ length: Number(process.argv[2]) }, async (_, index) => {
    const user = `user-${index}`;
    return { user, jwt: await tokenFor(user, 'jwt'), opaque: await tokenFor(user, 'opaque') };
  }),
);
process.send({ issuer, audience, client, tokens });
process.on('disconnect', () => process.exit());

async function tokenFor(accountId, accessTokenFormat) {
  const { AccessToken, Client, ResourceServer } = provider;
  const token = new AccessToken({
    ...{ accountId, scope: 'sessions', expiresIn: 86_400, gty: 'bench' },
    client: await Client.find(client.id),
    resourceServer: new ResourceServer(audience, { audience, accessTokenFormat }),
  });
  return token.save();
}
