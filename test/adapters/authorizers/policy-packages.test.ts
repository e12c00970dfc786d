import { expect, jest, test } from '@jest/globals';
import { AUTHORIZER_FAILED, authorizedInit } from '../../support/authorized-init.js';

const packages = ['casbin', '@cedar-policy/cedar-wasm/nodejs'];
let installed = false;
for (const name of packages) {
  jest.unstable_mockModule(name, () => {
    if (!installed) throw new Error(`Cannot find package ${name}`);
    return jest.requireActual<object>(name);
  });
}
const { casbinAuthorizer } = await import('../../../src/adapters/authorizers/casbin.js');
const { cedarAuthorizer } = await import('../../../src/adapters/authorizers/cedar.js');

test.each([
  ['casbin', () => casbinAuthorizer({ model: 'model.conf', policy: 'policy.csv', name: 'corp' })],
  ['@cedar-policy/cedar-wasm', () => cedarAuthorizer({ policies: 'session.cedar', name: 'corp' })],
])('without %s it says what to install, and nobody is let in', async (name, create) => {
  installed = false;
  const authorizer = create();
  const missing = {
    code: 'missing_package',
    message: `The authorizer corp needs the package ${name}: npm install ${name}`,
  };
  await expect(authorizer.open()).rejects.toMatchObject(missing);
  const init = await authorizedInit(authorizer, { user: 'ada' });
  expect(init).toMatchObject({ ...AUTHORIZER_FAILED, cause: missing });
  // The failure is not kept: what is wrong then is that the files are not there.
  installed = true;
  await expect(authorizer.open()).rejects.toMatchObject({ code: 'invalid_configuration' });
});
