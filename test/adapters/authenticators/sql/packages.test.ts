import { expect, jest, test } from '@jest/globals';
import { Secret } from '../../../../src/model/secret.js';

const { sqlAuthenticator } = await import('../../../../src/adapters/authenticators/sql.js');

test('without pg it says what to install, and looks for it again the next time', async () => {
  jest.unstable_mockModule('pg', () => {
    throw new Error("Cannot find package 'pg'");
  });
  const authenticator = sqlAuthenticator({
    dialect: 'postgresql',
    host: '127.0.0.1',
    port: 1,
    database: 'app',
    user: 'app',
    query: 'SELECT secret_hash FROM users WHERE name = $1',
  });
  const ask = () =>
    authenticator.authenticate(
      { username: 'ada', secret: new Secret('marked-user-secret-1') },
      { signal: new AbortController().signal },
    );
  for (let time = 0; time < 2; time++) {
    await expect(ask()).rejects.toMatchObject({
      code: 'missing_package',
      message: 'The authenticator sql needs the package pg: npm install pg',
    });
  }
  jest.unstable_unmockModule('pg');
  await expect(ask()).rejects.toMatchObject({ code: 'backend_fault' });
  await authenticator.close();
});
