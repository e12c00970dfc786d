import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { hashPassword } from '../../../src/adapters/password-hashes/hash-password.js';
import { verifySecret } from '../../../src/adapters/password-hashes/verify-secret.js';
import { readUsersFile, writeUsersFile } from '../../../src/adapters/users-file/edit-users-file.js';
import type { UserEntry } from '../../../src/adapters/users-file/user-entry.js';
import { fileSignature } from '../../../src/adapters/users-file/whole-file.js';
import { Secret } from '../../../src/model/secret.js';
import { simulatedClock } from '../../../src/testing/simulated-clock.js';

const SHA = '{SHA}KevVEapnqgzTKE124FbHWU8Raxg=';
const BUILT = new URL('../../../dist/adapters/authenticators/users-file.js', import.meta.url).href;
const APR1 = '$apr1$bHrrQc79$2pJn8pu/sA7RqaIr8UhiP1';

const entry: UserEntry = { hash: { scheme: 'sha1', encoded: SHA, weak: true }, groups: [], disabled: false };

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'users-file-'));
  path = join(folder, 'users.json');
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function namesIn(file: string): Promise<readonly string[]> {
  return [...(await readUsersFile(file)).users.keys()];
}

describe('a new file', () => {
  test('is JSON, and for its owner alone', async () => {
    await writeUsersFile(path, (users) => users.set('alice', { ...entry, groups: ['ops'] }));
    expect(await readFile(path, 'utf8')).toBe(
      `{\n  "users": {\n    "alice": {\n      "secret_hash": "${SHA}",\n      "groups": [\n        "ops"\n      ]\n    }\n  }\n}\n`,
    );
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['users.json']);
  });

  test('is made without users too, and is htpasswd if its name or the caller says so', async () => {
    await writeUsersFile(path, () => undefined);
    expect(await namesIn(path)).toEqual([]);
    await writeUsersFile(join(folder, '.htpasswd'), (users) => users.set('alice', entry));
    expect(await readFile(join(folder, '.htpasswd'), 'utf8')).toBe(`alice:${SHA}\n`);
    await writeUsersFile(join(folder, 'other'), (users) => users.set('bob', entry), { format: 'htpasswd' });
    expect(await readFile(join(folder, 'other'), 'utf8')).toBe(`bob:${SHA}\n`);
  });

  test('in a folder that is not there is a fault that says so, and nothing is left behind', async () => {
    const writing = writeUsersFile(join(folder, 'none', 'users.json'), (users) => users.set('alice', entry));
    await expect(writing).rejects.toMatchObject({
      code: 'backend_fault',
      message: expect.stringMatching(/cannot be written \(ENOENT\)/),
    });
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('a file that is there', () => {
  test('keeps its users in JSON as they are, but the one that changes', async () => {
    await writeFile(
      path,
      `{"$schema":"s","users":{"bob":{"disabled":false,"secret_hash":"${APR1}"},"eve":{"secret_hash":"${SHA}"}}}`,
    );
    const had = await writeUsersFile(path, (users) => {
      users.set('alice', { ...entry, disabled: true });
      return users.delete('eve');
    });
    expect(had).toBe(true);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({
      $schema: 's',
      users: { bob: { disabled: false, secret_hash: APR1 }, alice: { secret_hash: SHA, disabled: true } },
    });
  });

  test('keeps every other line of htpasswd to the byte', async () => {
    path = join(folder, 'users');
    await writeFile(path, `# ours\r\n\r\nbob:${APR1}:Bob\r\n eve:${SHA}\n# end\ncarol:${SHA}`);
    await writeUsersFile(path, (users) => {
      users.delete('eve');
      users.set('carol', { ...entry, hash: { scheme: 'apr1', encoded: APR1, weak: true } });
      users.set('alice', entry);
    });
    expect(await readFile(path, 'utf8')).toBe(`# ours\r\n\r\nbob:${APR1}:Bob\r\n# end\ncarol:${APR1}\nalice:${SHA}\n`);
  });

  test('keeps its mode, and a link to it stays one', async () => {
    const link = join(folder, 'link.json');
    await writeUsersFile(path, (users) => users.set('alice', entry));
    await chmod(path, 0o640);
    await symlink(path, link);
    await writeUsersFile(link, (users) => users.set('bob', entry));
    expect(await namesIn(path)).toEqual(['alice', 'bob']);
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    expect((await readdir(folder)).sort()).toEqual(['link.json', 'users.json']);
  });

  test('is not written if nothing changes', async () => {
    await writeUsersFile(path, (users) => users.set('alice', entry));
    const before = await fileSignature(path);
    await writeUsersFile(path, (users) => users.set('alice', users.get('alice') ?? entry));
    await writeUsersFile(path, (users) => users.delete('nobody'));
    expect(await fileSignature(path)).toBe(before);
  });

  test.each([
    [
      'the change throws',
      `a:${SHA}\n`,
      () => {
        throw new Error('there is such a user already');
      },
      /such a user already/,
    ],
    ['it is not valid', 'a:marked-user-secret-1\n', () => undefined, /line 1/],
    ['a name is none', `a:${SHA}\n`, (users: Map<string, UserEntry>) => users.set('', entry), /user name must have 1/],
    [
      'a name would forge a line',
      `a:${SHA}\n`,
      (users: Map<string, UserEntry>) => users.set('b\nc', entry),
      /control character/,
    ],
    [
      'htpasswd has no groups',
      `a:${SHA}\n`,
      (users: Map<string, UserEntry>) => users.set('b', { ...entry, groups: ['x'] }),
      /no groups/,
    ],
    [
      'htpasswd has no disabled users',
      `a:${SHA}\n`,
      (users: Map<string, UserEntry>) => users.set('a', { ...entry, disabled: true }),
      /no groups/,
    ],
    [
      'htpasswd has no names with a colon',
      `a:${SHA}\n`,
      (users: Map<string, UserEntry>) => users.set('b:c', entry),
      /no colon/,
    ],
    [
      'htpasswd has no names with #',
      `a:${SHA}\n`,
      (users: Map<string, UserEntry>) => users.set('#b', entry),
      /begin with #/,
    ],
    [
      'a name is __proto__',
      `{"users":{"a":{"secret_hash":"${SHA}"}}}`,
      (users: Map<string, UserEntry>) => users.set('__proto__', entry),
      /reserved/,
    ],
  ])(
    'stays as it is, and unlocked, if %s',
    async (_, text, change: (users: Map<string, UserEntry>) => unknown, message) => {
      await writeFile(path, text);
      await expect(writeUsersFile(path, change)).rejects.toThrow(message);
      expect(await readFile(path, 'utf8')).toBe(text);
      expect(await readdir(folder)).toEqual(['users.json']);
    },
  );

  test('that another program changes meanwhile is left as that program left it', async () => {
    await writeUsersFile(path, (users) => users.set('alice', entry));
    const theirs = `{"users": {"theirs": {"secret_hash": "${SHA}"}}}`;
    const writing = writeUsersFile(path, (users) => {
      writeFileSync(path, theirs);
      users.set('ours', entry);
    });
    await expect(writing).rejects.toMatchObject({ code: 'backend_fault', message: expect.stringMatching(/try again/) });
    expect(await readFile(path, 'utf8')).toBe(theirs);
    expect(await readdir(folder)).toEqual(['users.json']);
  });
});

test('a disk that is full leaves the old file, and no half of a new one', async () => {
  await writeUsersFile(path, (users) => users.set('alice', entry));
  const before = await fileSignature(path);
  const script = `
    const { writeUsersFile } = await import(process.argv[1]);
    const entry = { hash: { scheme: 'sha1', encoded: '${SHA}', weak: true }, groups: [], disabled: false };
    const writing = writeUsersFile(process.argv[2], (users) => {
      for (let index = 0; index < 1000; index += 1) users.set('user-' + index, entry);
    });
    console.log(await writing.catch((error) => error.message));
  `;
  // The limit is in blocks of 512 or 1,024 bytes. The first write is cut short by it, and the second fails.
  const limited = ['-c', 'ulimit -f 8 && exec "$@"', 'sh', process.execPath, '--input-type=module', '-e', script];
  const { stdout } = await promisify(execFile)('sh', [...limited, BUILT, path]);
  expect(stdout).toMatch(/cannot be written \(EFBIG\), and is as it was/);
  expect(await fileSignature(path)).toBe(before);
  expect(await readdir(folder)).toEqual(['users.json']);
}, 60_000);

describe('two changes at a time', () => {
  test('in one process lose nothing', async () => {
    const clock = simulatedClock();
    const names = Array.from({ length: 20 }, (_, index) => `user-${index}`);
    let left = names.length;
    const writers = names.map((name) =>
      writeUsersFile(path, (users) => users.set(name, entry), { clock, lockTimeout: Number.MAX_SAFE_INTEGER }).finally(
        () => {
          left -= 1;
        },
      ),
    );
    while (left > 0) await clock.advance(20);
    await Promise.all(writers);
    expect((await namesIn(path)).toSorted()).toEqual(names.toSorted());
    expect(await readdir(folder)).toEqual(['users.json']);
  });

  test('while the file is locked, wait for so long and then say what to do', async () => {
    const clock = simulatedClock();
    await writeFile(`${path}.lock`, 'theirs');
    let settled = false;
    const writing = writeUsersFile(path, (users) => users.set('alice', entry), { clock, lockTimeout: 1000 });
    const failure = expect(
      writing.finally(() => {
        settled = true;
      }),
    ).rejects.toMatchObject({
      code: 'backend_fault',
      message: expect.stringContaining(`delete ${path}.lock`),
    });
    while (!settled) await clock.advance(20);
    await failure;
    expect(clock.monotonic()).toBeGreaterThanOrEqual(1000);
    expect(await readFile(`${path}.lock`, 'utf8')).toBe('theirs');
  });

  test('in several processes lose nothing', async () => {
    const script = `
      const { writeUsersFile } = await import(process.argv[1]);
      const entry = { hash: { scheme: 'sha1', encoded: '${SHA}', weak: true }, groups: [], disabled: false };
      for (let index = 0; index < 15; index += 1) {
        await writeUsersFile(process.argv[2], (users) => users.set(process.pid + '-' + index, entry), { lockTimeout: 60_000 });
      }
    `;
    const run = () => promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, BUILT, path]);
    await Promise.all([run(), run(), run()]);
    expect(await namesIn(path)).toHaveLength(45);
    expect(await readdir(folder)).toEqual(['users.json']);
  }, 120_000);
});

describe('ASVS 11.4.2: a new secret is hashed with argon2id at the parameters of OWASP', () => {
  test('under a fresh salt, and is verified', async () => {
    const secret = 'marked-user-secret-ü-🔑';
    const hash = await hashPassword(new Secret(secret));
    expect(hash).toMatchObject({ scheme: 'argon2id', weak: false });
    expect(hash.encoded).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await verifySecret(hash, Buffer.from(secret), new AbortController())).toBe(true);
    expect((await hashPassword(new Secret(secret))).encoded).not.toBe(hash.encoded);
  });

  test.each([
    ['an empty secret', ''],
    ['4,097 bytes', 'x'.repeat(4097)],
    ['4,098 bytes in 2,049 characters', 'ü'.repeat(2049)],
    ['a lone surrogate', 'marked-\ud800'],
  ])('%s is refused', async (_, secret) => {
    await expect(hashPassword(new Secret(secret))).rejects.toMatchObject({ code: 'invalid_configuration' });
  });
});
