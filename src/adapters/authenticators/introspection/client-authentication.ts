import type { ClientAuth, ModifyAssertionOptions } from 'oauth4webapi';
import type { IntrospectionSettings } from './check-options.js';
import { importClientKey } from './client-key.js';

type OAuth = typeof import('oauth4webapi');

/** How the server knows who asks. */
export async function clientAuthentication(oauth: OAuth, settings: IntrospectionSettings): Promise<ClientAuth> {
  const { clientSecret, clientKey, clientKeyId, clientKeyAlgorithm, clock } = settings;
  if (clientSecret !== undefined) return oauth.ClientSecretBasic(clientSecret.reveal());
  const key = await importClientKey(clientKey?.reveal() ?? '', clientKeyAlgorithm);
  const byOurClock: ModifyAssertionOptions = {
    [oauth.modifyAssertion](_, payload) {
      const now = Math.floor(clock.now() / 1000);
      Object.assign(payload, { iat: now, nbf: now, exp: now + 60 });
    },
  };
  return oauth.PrivateKeyJwt({ key, ...(clientKeyId !== undefined && { kid: clientKeyId }) }, byOurClock);
}
