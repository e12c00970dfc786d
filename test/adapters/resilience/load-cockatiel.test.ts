import { expect, jest, test } from '@jest/globals';
import { Secret } from '../../../src/index.js';
import { said } from '../../support/said.js';

test('a package that is missing is named, and is looked for again the next time', async () => {
  jest.unstable_mockModule('cockatiel', () => {
    throw new Error("Cannot find package 'cockatiel'");
  });
  jest.resetModules();
  const { resilient } = await import('../../../src/adapters/resilience/index.js');
  const guarded = resilient(said('corp', 'yes'));
  const call = () =>
    guarded.authenticate(
      { username: 'alice', secret: new Secret('marked-user-secret-1') },
      { signal: new AbortController().signal },
    );
  await expect(guarded.open()).rejects.toThrow(/npm install cockatiel/);
  await expect(call()).rejects.toMatchObject({ code: 'missing_package' });

  // Without what it is needed for, nobody asks for it.
  const plain = resilient(said('corp', 'yes'), { breaker: false });
  await expect(plain.open()).resolves.toBeUndefined();

  jest.unstable_mockModule('cockatiel', () => jest.requireActual('cockatiel'));
  expect(await call()).toMatchObject({ outcome: 'authenticated' });
});
