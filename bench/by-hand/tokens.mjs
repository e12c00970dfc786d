import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as oauth from 'oauth4webapi';

/** Verifies access tokens with jose alone. */
export function jwtByHand({ issuer, audience }) {
  const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`));
  return async (_, token) => {
    const { payload } = await jwtVerify(token, keys, { issuer, audience, typ: 'at+jwt', requiredClaims: ['exp'] });
    return payload.sub;
  };
}

/** Asks about access tokens with oauth4webapi alone, over the connections that Node's own `fetch` keeps. */
export function introspectionByHand({ issuer, client: { id, secret } }) {
  const server = { issuer, introspection_endpoint: `${issuer}/token/introspection` };
  const client = { client_id: id };
  const authentication = oauth.ClientSecretBasic(secret);
  const additionalParameters = { token_type_hint: 'access_token' };
  return async (_, token) => {
    const response = await oauth.introspectionRequest(server, client, authentication, token, {
      ...{ [oauth.allowInsecureRequests]: true, additionalParameters },
      signal: AbortSignal.timeout(4_000),
    });
    const { active, sub } = await oauth.processIntrospectionResponse(server, client, response);
    return active ? sub : undefined;
  };
}
