import { expect, jest, test } from '@jest/globals';

test('a package that is missing is named, and is looked for again the next time', async () => {
  jest.unstable_mockModule('undici', () => {
    throw new Error("Cannot find package 'undici'");
  });
  const { httpClient } = await import('../../../src/adapters/http-client/http-client.js');
  const client = httpClient('backend', {});
  const ask = () => client.fetch('http://127.0.0.1:1');
  await expect(ask()).rejects.toMatchObject({ code: 'missing_package' });
  await expect(ask()).rejects.toThrow('backend needs the package undici: npm install undici');

  jest.unstable_mockModule('undici', () => jest.requireActual('undici'));
  await expect(ask()).rejects.toThrow('gave no answer');
  await client.close();
});
