import { expect, jest, test } from '@jest/globals';
import { Secret } from '../../../src/model/secret.js';

let installed = false;
jest.unstable_mockModule('otplib', () => {
  if (!installed) throw new Error('Cannot find package otplib');
  return {
    generateSecret: () => '',
    verifySync: () => ({ valid: false }),
    ScureBase32Plugin: class {
      decode = () => new Uint8Array(20);
    },
  };
});
const { totpAuthenticator } = await import('../../../src/adapters/authenticators/totp.js');

test('without otplib it says what to install, and nobody is let in; the failure is not kept', async () => {
  const authenticator = totpAuthenticator({ secretOf: () => undefined, name: 'codes' });
  const authenticate = () =>
    authenticator.authenticate(
      { username: 'ada', secret: new Secret('123456') },
      { signal: new AbortController().signal },
    );
  const missing = {
    code: 'missing_package',
    message: 'The authenticator codes needs the package otplib: npm install otplib',
  };
  await expect(authenticator.open()).rejects.toMatchObject(missing);
  await expect(authenticate()).rejects.toMatchObject(missing);
  installed = true;
  expect(await authenticate()).toEqual({ outcome: 'denied', cause: 'unknownUser' });
});
