import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import { Secret } from '../../../src/model/secret.js';

for (const name of ['@node-rs/argon2', '@node-rs/bcrypt']) {
  jest.unstable_mockModule(name, () => {
    throw new Error(`Cannot find package ${name}`);
  });
}
const { hashPassword, usersFileAuthenticator } = await import('../../../src/adapters/authenticators/users-file.js');

const SECRET = 'marked-user-secret-ü-1';

test.each([
  ['@node-rs/argon2', '$argon2id$v=19$m=64,t=1,p=4$YqvXXKT52fjP/fJ6MoRulw$p1U9QVOYk/PsS7+QiLLQLg'],
  ['@node-rs/bcrypt', '$2y$05$wNL7Ix54tVDR0moDAqBES.zwAGw4uHF58SFKV92WVU7YJSlwq2fZu'],
])('without %s a file that needs it fails ready(), and says what to install', async (name, encoded) => {
  const folder = await mkdtemp(join(tmpdir(), 'users-file-'));
  const path = join(folder, 'users');
  await writeFile(path, `alice:$apr1$bHrrQc79$2pJn8pu/sA7RqaIr8UhiP1\nbob:${encoded}\n`);
  const authenticator = usersFileAuthenticator({ path });
  await expect(authenticator.ready()).rejects.toMatchObject({
    code: 'missing_package',
    message: expect.stringContaining(`npm install ${name}`),
  });
  await authenticator.close();
  await rm(folder, { recursive: true });
});

test('without them a file that does not need them works', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'users-file-'));
  const path = join(folder, 'users');
  await writeFile(path, 'alice:$apr1$bHrrQc79$2pJn8pu/sA7RqaIr8UhiP1\n');
  const authenticator = usersFileAuthenticator({ path });
  const outcome = await authenticator.authenticate(
    { username: 'alice', secret: new Secret(SECRET) },
    { signal: new AbortController().signal },
  );
  expect(outcome).toMatchObject({ outcome: 'authenticated' });
  await authenticator.close();
  await rm(folder, { recursive: true });
});

test('without argon2 no secret is hashed', async () => {
  await expect(hashPassword(new Secret(SECRET))).rejects.toMatchObject({ code: 'missing_package' });
});
