import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, test } from '@jest/globals';
import { staticAuthenticator } from '../../../src/adapters/authenticators/static.js';
import { hashPassword, usersFileAuthenticator } from '../../../src/adapters/authenticators/users-file.js';
import { Secret } from '../../../src/model/secret.js';
import { authenticatorContract } from '../../../src/testing/index.js';

const users = [
  { username: 'ada', secret: 'Marked-Secret-ü-1', groups: ['staff', 'engines'] },
  { username: 'bob', secret: 'Marked-Secret-2' },
];

describe('static keeps the contract', () => {
  const create = () =>
    staticAuthenticator({
      users: Object.fromEntries(users.map(({ username, secret }) => [username, secret])),
      groups: { ada: ['staff', 'engines'] },
    });
  for (const { name, run } of authenticatorContract({ create, users })) test(name, run);
});

const folder = mkdtempSync(join(tmpdir(), 'session-init-contract-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'users.json');
const hashed = await Promise.all(
  users.map(
    async ({ username, secret, groups }) =>
      [username, { secret_hash: (await hashPassword(new Secret(secret))).encoded, groups }] as const,
  ),
);
writeFileSync(path, JSON.stringify({ users: Object.fromEntries(hashed) }), { mode: 0o600 });

describe('users-file keeps the contract', () => {
  const cases = authenticatorContract({
    create: () => usersFileAuthenticator({ path }),
    createBroken: () => usersFileAuthenticator({ path: join(folder, 'absent') }),
    users,
    parallelCalls: 12,
  });
  for (const { name, run } of cases) test(name, run, 60_000);
});
