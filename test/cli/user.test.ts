import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { type UserEntry, writeUsersFile } from '../../src/adapters/authenticators/users-file.js';
import { runCommand } from '../support/command-line.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const SECRET = 'marked-user-secret-1';
const WEAK = { scheme: 'sha1', encoded: '{SHA}0DPiKuNIrrVmD8IUCuw1hQxNqZc=', weak: true } as const;

let cwd: string;
let file: string;
beforeEach(() => {
  cwd = temporaryFolder();
  file = join(cwd, 'data/users.json');
});

const user = (...args: string[]) => runCommand(['user', ...args], { cwd, input: SECRET });
const hashOf = (name: string) => JSON.parse(readFileSync(file, 'utf8')).users[name].secret_hash as string;

/** A users file in the working directory. */
async function write(users: Readonly<Record<string, Partial<UserEntry>>>): Promise<string> {
  const path = join(cwd, 'users.json');
  await writeUsersFile(path, (map) => {
    for (const [name, entry] of Object.entries(users)) {
      map.set(name, { hash: WEAK, groups: [], disabled: false, ...entry });
    }
  });
  return path;
}

describe('user', () => {
  test('add, list, passwd and remove, with exit codes that a script can go by', async () => {
    const added = await user('add', 'alice', '--group', 'ops', '--group', 'staff');
    expect([added.status, added.stdout]).toEqual([0, `alice is added to ${file}\n`]);
    expect(hashOf('alice')).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);

    const twice = await user('add', 'alice');
    expect([twice.status, twice.stdout]).toEqual([1, '']);
    expect(twice.stderr).toMatch(/There is a user alice already/);

    const list = await user('list', '--json');
    expect(JSON.parse(list.stdout)).toEqual([
      { user: 'alice', groups: ['ops', 'staff'], disabled: false, hash: 'argon2id', weak: false },
    ]);

    const before = hashOf('alice');
    const changed = await runCommand(['user', 'passwd', 'alice'], { cwd, input: 'marked-user-secret-2' });
    expect([changed.status, changed.stderr]).toEqual([0, '']);
    expect(changed.stdout).toContain('session-init session revoke --user alice');
    expect(hashOf('alice')).not.toBe(before);
    expect(JSON.parse(readFileSync(file, 'utf8')).users.alice.groups).toEqual(['ops', 'staff']);

    const removed = await user('remove', 'alice');
    expect([removed.status, removed.stderr]).toEqual([0, '']);
    for (const args of [
      ['remove', 'alice'],
      ['passwd', 'alice'],
    ]) {
      const missing = await user(...args);
      expect([missing.status, missing.stdout]).toEqual([1, '']);
      expect(missing.stderr).toMatch(/There is no user alice in .*users\.json/);
    }
  });

  test('list shows groups, who is disabled, and who has a weak hash', async () => {
    const env = {
      SESSION_INIT_AUTHENTICATOR_PATH: await write({ bob: { disabled: true, groups: ['ops'] }, carol: {} }),
    };
    const { status, stdout } = await runCommand(['user', 'list'], { cwd, env });
    expect(status).toBe(0);
    expect(stdout.split('\n')).toEqual([
      'USER   STATE     HASH         GROUPS',
      'bob    disabled  sha1 (weak)  ops',
      'carol            sha1 (weak)',
      '',
    ]);
    expect(existsSync(join(cwd, 'data'))).toBe(false);
  });

  test('ASVS 16.4.1: list shows no character that a terminal obeys', async () => {
    const env = { SESSION_INIT_AUTHENTICATOR_PATH: await write({ 'eve\u202etoor': { groups: ['\u200b'] } }) };
    const { stdout } = await runCommand(['user', 'list'], { cwd, env });
    expect(stdout).toContain('eve\\u{202e}toor');
    expect(stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  test('adds one user after another, also at the same time, and loses none', async () => {
    const names = ['alice', 'bob', 'carol', 'dave'];
    const results = await Promise.all(names.map((name) => user('add', name)));
    expect(results.map(({ status }) => status)).toEqual([0, 0, 0, 0]);
    expect(Object.keys(JSON.parse(readFileSync(file, 'utf8')).users).sort()).toEqual(names);
  });

  test('where there is no users file, says how to make one, and makes nothing', async () => {
    for (const args of [['list'], ['remove', 'alice'], ['passwd', 'alice']]) {
      const { status, stderr } = await user(...args);
      expect(status).toBe(2);
      expect(stderr).toMatch(/users\.json cannot be read \(ENOENT\)\. Create it with "session-init user add"/);
    }
    expect(existsSync(join(cwd, 'data'))).toBe(false);
  });

  test('where the users are not in a file, says so', async () => {
    const authenticator = { type: 'static', users: { a: SECRET }, allowInsecureStaticUsers: true };
    writeFileSync(join(cwd, 'session-init.json'), JSON.stringify({ authenticator }));
    const { status, stderr } = await user('list');
    expect(status).toBe(2);
    expect(stderr).toMatch(/The configuration has no users file/);
  });

  test.each([[''], ['a'.repeat(256)], ['eve\nroot']])('takes no user name such as %j', async (name) => {
    const { status, stderr } = await user('add', name);
    expect(status).toBe(2);
    expect(stderr).toMatch(/The user name .* Choose another\./);
    expect(existsSync(file)).toBe(false);
  });
});
