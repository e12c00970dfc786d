import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { hash as argon2id } from '@node-rs/argon2';
import {
  hashPassword,
  type UsersFileAuthenticatorOptions,
  usersFileAuthenticator,
  writeUsersFile,
} from '../../../src/adapters/authenticators/users-file.js';
import type { AuthenticationOutcome } from '../../../src/adapters/ports.js';
import { BackendFaultError, ConfigurationError } from '../../../src/model/errors.js';
import { Secret } from '../../../src/model/secret.js';

const SECRET = 'marked-user-secret-ü-1';
/** SECRET, by htpasswd. */
const APR1 = '$apr1$bHrrQc79$2pJn8pu/sA7RqaIr8UhiP1';
const SHA = '{SHA}KevVEapnqgzTKE124FbHWU8Raxg=';
const BCRYPT = '$2y$05$wNL7Ix54tVDR0moDAqBES.zwAGw4uHF58SFKV92WVU7YJSlwq2fZu';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'users-file-'));
  path = join(folder, 'users');
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

type Authenticate = (username: string, secret: string, signal?: AbortSignal) => Promise<AuthenticationOutcome>;

async function withFile(
  text: string,
  options: Partial<UsersFileAuthenticatorOptions>,
  use: (authenticate: Authenticate) => Promise<void>,
): Promise<void> {
  await writeFile(path, text, { mode: 0o600 });
  const authenticator = usersFileAuthenticator({ path, ...options });
  try {
    await authenticator.ready();
    await use((username, secret, signal = new AbortController().signal) =>
      authenticator.authenticate({ username, secret: new Secret(secret) }, { signal }),
    );
  } finally {
    await authenticator.close();
  }
}

const unknownUser = { outcome: 'denied', cause: 'unknownUser' };
const wrongSecret = { outcome: 'denied', cause: 'wrongSecret' };

describe('who is let in', () => {
  const text = JSON.stringify({
    users: {
      alice: { secret_hash: APR1, groups: ['ops', 'dev'] },
      bob: { secret_hash: BCRYPT },
      eve: { secret_hash: SHA, disabled: true },
    },
  });

  test('a user with the right secret, with the groups of the file', async () => {
    await withFile(text, {}, async (authenticate) => {
      expect(await authenticate('alice', SECRET)).toEqual({
        outcome: 'authenticated',
        user: 'alice',
        groups: ['ops', 'dev'],
      });
      expect(await authenticate('bob', SECRET)).toEqual({ outcome: 'authenticated', user: 'bob', groups: [] });
    });
  });

  test('nobody else, and the cause is told apart for the operator', async () => {
    await withFile(text, {}, async (authenticate) => {
      expect(await authenticate('alice', `${SECRET}x`)).toEqual(wrongSecret);
      expect(await authenticate('carol', SECRET)).toEqual(unknownUser);
      expect(await authenticate('Alice', SECRET)).toEqual(unknownUser);
      expect(await authenticate('', SECRET)).toEqual(unknownUser);
      expect(await authenticate('eve', SECRET)).toEqual({ outcome: 'denied', cause: 'disabled' });
      expect(await authenticate('eve', 'marked-user-secret-2')).toEqual(wrongSecret);
    });
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('%s is an unknown user', async (name) => {
    await withFile(text, {}, async (authenticate) => {
      expect(await authenticate(name, SECRET)).toEqual(unknownUser);
    });
  });

  test('nobody from a file without users', async () => {
    await withFile('{"users": {}}', {}, async (authenticate) => {
      expect(await authenticate('alice', SECRET)).toEqual(unknownUser);
    });
  });
});

describe('ASVS 6.2.8, 6.2.9: a secret is verified whole, whatever Unicode it is', () => {
  test.each([
    ['64 characters', 'x'.repeat(64)],
    ['4,096 bytes', 'ü'.repeat(2048)],
    ['emoji, a NUL and line breaks', 'marked-🔑\0\r\n\u2028'],
  ])('%s', async (_, secret) => {
    const encoded = await argon2id(secret, { memoryCost: 64, timeCost: 1 });
    await withFile(`alice:${encoded}\n`, {}, async (authenticate) => {
      expect(await authenticate('alice', secret)).toMatchObject({ outcome: 'authenticated' });
      expect(await authenticate('alice', secret.slice(0, -1))).toEqual(wrongSecret);
      expect(await authenticate('alice', `${secret}x`)).toEqual(wrongSecret);
    });
  });

  test('two normal forms of one text are two secrets', async () => {
    const encoded = await argon2id('marked-é'.normalize('NFC'), { memoryCost: 64, timeCost: 1 });
    await withFile(`alice:${encoded}\n`, {}, async (authenticate) => {
      expect(await authenticate('alice', 'marked-é'.normalize('NFC'))).toMatchObject({ outcome: 'authenticated' });
      expect(await authenticate('alice', 'marked-é'.normalize('NFD'))).toEqual(wrongSecret);
    });
  });

  test('a lone surrogate does not stand for the replacement character', async () => {
    const encoded = await argon2id('marked-\ufffd', { memoryCost: 64, timeCost: 1 });
    await withFile(`alice:${encoded}\n`, {}, async (authenticate) => {
      expect(await authenticate('alice', 'marked-\ud800')).toEqual(wrongSecret);
    });
  });
});

describe('CS Authentication, better-auth#11323: length is bounded before hashing', () => {
  test.each([
    ['an empty secret', ''],
    ['4,097 bytes', 'x'.repeat(4097)],
    ['4,098 bytes in fewer characters', 'ü'.repeat(2049)],
    ['10 MB', 'x'.repeat(10_000_000)],
  ])('%s is denied even if it was hashed', async (_, secret) => {
    const encoded = await argon2id(secret, { memoryCost: 64, timeCost: 1 });
    await withFile(`alice:${encoded}\n`, {}, async (authenticate) => {
      expect(await authenticate('alice', secret)).toEqual(wrongSecret);
      expect(await authenticate('carol', secret)).toEqual(unknownUser);
    });
  });
});

describe('ASVS 11.4.2: older hashes are verified and reported', () => {
  test('once for each user who proves a secret, and counted at the load', async () => {
    const strong = await hashPassword(new Secret(SECRET));
    const weak: unknown[] = [];
    const loads: unknown[] = [];
    await withFile(
      `alice:${APR1}\nbob:${BCRYPT}\ncarol:${strong.encoded}\neve:${SHA}\n`,
      { onWeakHash: (hash) => weak.push(hash), onReload: (loaded) => loads.push(loaded) },
      async (authenticate) => {
        expect(loads).toEqual([{ users: 4, weakHashes: 3, exposed: false }]);
        await authenticate('alice', 'marked-user-secret-2');
        expect(weak).toEqual([]);
        for (const name of ['alice', 'bob', 'carol', 'alice', 'nobody', 'bob']) await authenticate(name, SECRET);
        expect(weak).toEqual([
          { user: 'alice', scheme: 'apr1' },
          { user: 'bob', scheme: 'bcrypt' },
        ]);
      },
    );
  });

  test('a callback that throws spoils nothing', async () => {
    const fail = () => {
      throw new Error('callback');
    };
    await withFile(
      `alice:${APR1}\n`,
      { onWeakHash: fail, onReload: fail, onReloadError: fail },
      async (authenticate) => {
        expect(await authenticate('alice', SECRET)).toMatchObject({ outcome: 'authenticated' });
      },
    );
  });
});

test.each([0o644, 0o640, 0o660, 0o602])('a file of mode %o is used, and reported as exposed', async (mode) => {
  await writeFile(path, `alice:${SHA}\n`);
  await chmod(path, mode);
  const loads: unknown[] = [];
  await withFile(`alice:${SHA}\n`, { onReload: (loaded) => loads.push(loaded) }, async () => {
    expect(loads).toEqual([{ users: 1, weakHashes: 1, exposed: true }]);
  });
});

describe('a file that cannot be used at the start', () => {
  const credentials = { username: 'alice', secret: new Secret(SECRET) };
  const options = { signal: new AbortController().signal };

  test('fails ready() with all problems, and every authentication as a fault', async () => {
    await writeFile(path, `alice:${SECRET}\nbob:VBdvcUELT6u0k\n`);
    const authenticator = usersFileAuthenticator({ path });
    const failure = await authenticator.ready().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ConfigurationError);
    expect(failure).toMatchObject({
      problems: [expect.stringContaining(`${path}: line 1:`), expect.stringContaining(`${path}: line 2:`)],
    });
    const fault = await authenticator.authenticate(credentials, options).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(BackendFaultError);
    expect(fault).toMatchObject({ cause: failure });
    await authenticator.close();
  });

  test('is one that is not there, a folder, or no UTF-8', async () => {
    await writeFile(path, Buffer.from([0x61, 0x3a, 0xff, 0x0a]));
    for (const [file, message] of [
      [join(folder, 'none'), /cannot be read \(ENOENT\).*session-init user add/],
      [folder, /is no regular file/],
      [path, /is not UTF-8/],
    ] as const) {
      const authenticator = usersFileAuthenticator({ path: file });
      await expect(authenticator.ready()).rejects.toThrow(message);
      await expect(authenticator.ready()).rejects.toBeInstanceOf(ConfigurationError);
      await authenticator.close();
    }
  });

  test('is a pipe: nobody waits for a writer', async () => {
    await promisify(execFile)('mkfifo', [path]);
    const authenticator = usersFileAuthenticator({ path });
    await expect(authenticator.ready()).rejects.toThrow(/is no regular file/);
    await authenticator.close();
  });
});

test('options that cannot work are refused at once, all of them', () => {
  expect.assertions(1);
  try {
    usersFileAuthenticator({
      path: '',
      format: 'yaml' as 'json',
      pollInterval: 0,
      maxConcurrentVerifications: 0,
      maxQueuedVerifications: -1,
    });
  } catch (error) {
    expect((error as ConfigurationError).problems).toHaveLength(5);
  }
});

test('what writeUsersFile writes is what the authenticator reads', async () => {
  const hash = await hashPassword(new Secret(SECRET));
  await writeUsersFile(path, (users) => users.set('alice', { hash, groups: ['ops'], disabled: false }));
  const authenticator = usersFileAuthenticator({ path });
  const outcome = await authenticator.authenticate(
    { username: 'alice', secret: new Secret(SECRET) },
    { signal: new AbortController().signal },
  );
  expect(outcome).toEqual({ outcome: 'authenticated', user: 'alice', groups: ['ops'] });
  await authenticator.close();
});

test('a process ends although it has not closed its authenticator', async () => {
  await writeFile(path, `alice:${SHA}\n`);
  const module = new URL('../../../dist/adapters/authenticators/users-file.js', import.meta.url);
  const script = `
    const { usersFileAuthenticator } = await import(process.argv[1]);
    await usersFileAuthenticator({ path: process.argv[2] }).ready();
    console.log('ready');
  `;
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, module.href, path], {
    timeout: 60_000,
  });
  await expect(run).resolves.toMatchObject({ stdout: 'ready\n' });
}, 90_000);
