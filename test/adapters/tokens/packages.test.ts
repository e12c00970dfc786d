import { expect, jest, test } from '@jest/globals';
import type { Authenticator } from '../../../src/adapters/ports.js';
import { MissingPackageError } from '../../../src/model/errors.js';
import { Secret } from '../../../src/model/secret.js';

const absent = new Set(['jose', 'oauth4webapi']);
for (const name of absent) {
  jest.unstable_mockModule(name, () => {
    throw new Error(`Cannot find package ${name}`);
  });
}
const { jwtAuthenticator } = await import('../../../src/adapters/authenticators/jwt.js');
const { introspectionAuthenticator } = await import('../../../src/adapters/authenticators/introspection.js');

const issuer = 'https://id.example.com';
const client = { clientId: 'session-init', clientSecret: 'marked-client-secret' };

test.each<[string, () => Authenticator]>([
  ['jose', () => jwtAuthenticator({ issuer, audience: 'urn:sessions' })],
  ['oauth4webapi', () => introspectionAuthenticator({ issuer, audience: 'urn:sessions', ...client })],
])('without %s a call says what to install, each time', async (name, open) => {
  const authenticator = open();
  const { signal } = new AbortController();
  for (const call of [
    () => authenticator.authenticate({ username: 'ada', secret: new Secret('marked-token') }, { signal }),
    () => authenticator.probe?.({ signal }),
  ]) {
    const error = await Promise.resolve(call()).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(MissingPackageError);
    expect((error as Error).message).toContain(`npm install ${name}`);
  }
  await authenticator.close?.();
});
