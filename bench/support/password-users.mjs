import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Algorithm, hash } from '@node-rs/argon2';

/** argon2id at the parameters of the OWASP Password Storage Cheat Sheet; a quick run measures nothing, and hashes weakly. */
const hashOptions = ({ quick }) => ({
  algorithm: Algorithm.Argon2id,
  ...(quick ? { memoryCost: 64, timeCost: 1 } : { memoryCost: 19_456, timeCost: 2 }),
  parallelism: 1,
});

export const PASSWORD = 'marked-user-secret-1';

/** Users who all have the same password, and the same hash of it. */
export async function passwordUsers(count, effort) {
  const common = await hash(PASSWORD, hashOptions(effort));
  return Array.from({ length: count }, (_, index) => ({ username: `user-${index}`, hash: common }));
}

/** The same in a users file, which is gone as the process ends. @returns its path */
export function writeUsersFile(users) {
  const folder = mkdtempSync(join(tmpdir(), 'session-init-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'users.json');
  const entries = users.map(({ username, hash }) => [username, { secret_hash: hash }]);
  writeFileSync(path, JSON.stringify({ users: Object.fromEntries(entries) }), { mode: 0o600 });
  return path;
}
