import { afterEach, expect, jest, test } from '@jest/globals';

afterEach(() => {
  jest.resetModules();
});

test('without ldapts the error names it, and says how to install it; once it is there, it is found', async () => {
  jest.unstable_mockModule('ldapts', () => {
    throw new Error('Cannot find package ldapts');
  });
  const { ldapAuthenticator } = await import('../../../../src/adapters/authenticators/ldap.js');
  const { Secret } = await import('../../../../src/model/secret.js');
  const authenticator = ldapAuthenticator({ url: 'ldap://127.0.0.1:1', userBase: 'dc=example', name: 'staff' });
  const call = () =>
    authenticator.authenticate(
      { username: 'alice', secret: new Secret('marked-user-secret-1') },
      { signal: new AbortController().signal },
    );
  await expect(call()).rejects.toMatchObject({
    code: 'missing_package',
    message: 'The authenticator staff needs the package ldapts: npm install ldapts',
  });
  jest.unstable_mockModule('ldapts', () => jest.requireActual('ldapts') as Record<string, unknown>);
  await expect(call()).rejects.toMatchObject({ code: 'backend_fault' });
  await authenticator.close();
});
