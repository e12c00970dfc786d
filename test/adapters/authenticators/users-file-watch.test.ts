import { appendFile, chmod, mkdtemp, readFile, rename, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type UsersFileAuthenticator,
  usersFileAuthenticator,
  writeUsersFile,
} from '../../../src/adapters/authenticators/users-file.js';
import { Secret } from '../../../src/model/secret.js';
import { type SimulatedClock, simulatedClock } from '../../../src/testing/simulated-clock.js';

const SHA = '{SHA}KevVEapnqgzTKE124FbHWU8Raxg=';
const SECRET = 'marked-user-secret-ü-1';

/** A file with the users `u1` to `u<count>`, so that the number of users says which version is in force. */
function json(count: number): string {
  const users = Array.from({ length: count }, (_, index) => [`u${index + 1}`, { secret_hash: SHA }]);
  return `${JSON.stringify({ users: Object.fromEntries(users) }, null, 2)}\n`;
}

function htpasswd(count: number): string {
  return Array.from({ length: count }, (_, index) => `u${index + 1}:${SHA}\n`).join('');
}

let folder: string;
let path: string;
let clock: SimulatedClock;
let authenticator: UsersFileAuthenticator;
/** What was told, in order: the number of users of a load, or the message of an error. */
let told: (number | string)[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'users-file-'));
  path = join(folder, 'users');
  clock = simulatedClock();
  told = [];
});

afterEach(async () => {
  await authenticator.close();
  await rm(folder, { recursive: true });
});

async function watch(): Promise<void> {
  authenticator = usersFileAuthenticator({
    path,
    clock,
    onReload: ({ users }) => told.push(users),
    onReloadError: ({ message }) => told.push(message),
  });
  await pollIsOver();
}

async function pollIsOver(): Promise<void> {
  while (clock.pending === 0) await new Promise((resolve) => setImmediate(resolve));
}

async function polls(count: number): Promise<void> {
  for (let poll = 0; poll < count; poll += 1) {
    clock.increment(500);
    await pollIsOver();
  }
}

async function replace(text: string): Promise<void> {
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}

interface Deed {
  kind: 'replace' | 'overwrite' | 'append' | 'patch' | 'remove' | 'nothing';
  count: number;
  cut: number;
}

/** Does to the file what a user, an editor or a bad program may do. */
async function change({ kind, count, cut }: Deed): Promise<void> {
  const text = json(count);
  if (kind === 'replace') await replace(text);
  if (kind === 'overwrite') await writeFile(path, text.slice(0, cut));
  if (kind === 'append') await appendFile(path, text.slice(cut));
  if (kind === 'patch') await writeFile(path, text, { flag: 'r+' }).catch(() => undefined);
  if (kind === 'remove') await rm(path, { force: true });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

async function outcomeOf(username: string): Promise<unknown> {
  const signal = new AbortController().signal;
  return (await authenticator.authenticate({ username, secret: new Secret(SECRET) }, { signal })).outcome;
}

describe('a change is taken as soon as two polls have seen it, and not before', () => {
  test.each([json, htpasswd])('replaced by renaming: %p', async (text) => {
    await writeFile(path, text(1));
    await watch();
    await replace(text(2));
    await polls(1);
    expect(told).toEqual([1]);
    expect(await outcomeOf('u2')).toBe('denied');
    await polls(1);
    expect(told).toEqual([1, 2]);
    expect(await outcomeOf('u2')).toBe('authenticated');
    await replace(text(1));
    await polls(2);
    expect(await outcomeOf('u2')).toBe('denied');
    await polls(20);
    expect(told).toEqual([1, 2, 1]);
  });

  test('written by writeUsersFile', async () => {
    await writeFile(path, json(1));
    await watch();
    await writeUsersFile(path, (users) => users.delete('u1'));
    await polls(2);
    expect(told).toEqual([1, 0]);
  });

  test('a file that only looks changed is not loaded again', async () => {
    await writeFile(path, json(1));
    await watch();
    await utimes(path, new Date(0), new Date(0));
    await replace(json(1));
    await polls(5);
    expect(told).toEqual([1]);
  });

  test('a change of the same size, whose writer sets the time back, is seen', async () => {
    await writeFile(path, json(1));
    await watch();
    await polls(2);
    const { atime, mtime, ctimeNs } = await stat(path, { bigint: true });
    // Until the clock of the file system has moved on, one state cannot be told from the other.
    do {
      await writeFile(path, json(1).replace('u1', 'v1'));
      await utimes(path, atime, mtime);
    } while ((await stat(path, { bigint: true })).ctimeNs === ctimeNs);
    await polls(2);
    expect(told).toEqual([1, 1]);
    expect(await outcomeOf('v1')).toBe('authenticated');
  });
});

describe('nothing is ever taken half-written', () => {
  test('by a writer that appends piece by piece, at every pace', async () => {
    for (const pace of [1, 2, 5]) {
      await writeFile(path, json(1));
      await watch();
      const text = json(9);
      await truncate(path);
      for (let at = 0; at < text.length; at += 61) {
        await polls(pace);
        await appendFile(path, text.slice(at, at + 61));
      }
      expect(told).toEqual([1]);
      await polls(2);
      expect(told).toEqual([1, 9]);
      await authenticator.close();
      clock = simulatedClock();
      told = [];
    }
  });

  test('htpasswd: a line without its end is given six polls to come to one', async () => {
    await writeFile(path, htpasswd(1));
    await watch();
    await writeFile(path, htpasswd(3).trimEnd());
    await polls(5);
    expect(told).toEqual([1]);
    await polls(1);
    expect(told).toEqual([1, 3]);
  });

  test('an empty file is given six polls, and then not taken', async () => {
    await writeFile(path, htpasswd(2));
    await watch();
    await truncate(path);
    await polls(5);
    expect(told).toEqual([2]);
    await polls(20);
    expect(told).toEqual([2, expect.stringContaining('it is empty')]);
    expect(await outcomeOf('u2')).toBe('authenticated');
  });

  test('whatever is done to it while it is polled, what is taken was once whole, and what stays is taken', async () => {
    const count = fc.integer({ min: 0, max: 6 });
    const cut = fc.integer({ min: 0, max: 400 });
    const deed = fc.oneof(
      fc.record({ kind: fc.constantFrom('replace' as const, 'remove' as const, 'nothing' as const), count, cut }),
      fc.record({ kind: fc.constantFrom('overwrite' as const, 'append' as const, 'patch' as const), count, cut }),
    );
    const steps = fc.array(fc.record({ deed, polls: fc.integer({ min: 1, max: 8 }) }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(steps, count, async (script, last) => {
        clock = simulatedClock();
        told = [];
        await replace(json(3));
        const whole = new Set([3]);
        await watch();
        for (const step of script) {
          await Promise.all([change(step.deed), polls(step.polls)]);
          const now = await readFile(path, 'utf8').catch(() => '');
          // Pieces of two writings can come to JSON, too, and need not be a users file.
          const users = isJson(now) ? JSON.parse(now).users : undefined;
          if (users) whole.add(Object.keys(users).length);
        }
        for (const loaded of told) if (typeof loaded === 'number') expect(whole).toContain(loaded);
        await replace(`${json(last)} `);
        await polls(2);
        expect(await outcomeOf(`u${last + 1}`)).toBe('denied');
        expect(await outcomeOf(`u${Math.max(1, last)}`)).toBe(last === 0 ? 'denied' : 'authenticated');
        await authenticator.close();
      }),
      { numRuns: 60 },
    );
  });
});

describe('a file that cannot be taken leaves the last good content in force, and is told once', () => {
  test('invalid, mended, invalid again', async () => {
    await writeFile(path, htpasswd(2));
    await watch();
    await replace(`${htpasswd(3)}u4:marked-user-secret-1\n`);
    await polls(10);
    expect(told).toEqual([2, expect.stringContaining('line 4')]);
    expect(told.join()).not.toContain('marked-user-secret-1');
    expect(await outcomeOf('u2')).toBe('authenticated');
    expect(await outcomeOf('u3')).toBe('denied');
    await replace(htpasswd(4));
    await polls(2);
    await replace(`${htpasswd(3)}u4:marked-user-secret-1\n`);
    await polls(10);
    expect(told).toEqual([2, expect.stringContaining('line 4'), 4, expect.stringContaining('line 4')]);
  });

  test('removed, put back, removed again', async () => {
    await writeFile(path, json(2));
    await watch();
    await polls(2);
    await rename(path, `${path}.away`);
    await polls(1);
    expect(told).toEqual([2]);
    await polls(10);
    expect(told).toEqual([2, expect.stringContaining('ENOENT')]);
    expect(await outcomeOf('u2')).toBe('authenticated');
    await rename(`${path}.away`, path);
    await polls(10);
    await rename(path, `${path}.away`);
    await polls(10);
    expect(told).toEqual([2, expect.stringContaining('ENOENT'), expect.stringContaining('ENOENT')]);
  });

  test('gone for one poll only, as some editors save, it is not told', async () => {
    await writeFile(path, json(2));
    await watch();
    await rm(path);
    await polls(1);
    await writeFile(path, json(3));
    await polls(2);
    expect(told).toEqual([2, 3]);
  });

  test('not there at the start, it is taken as it comes, and ready() then resolves', async () => {
    await watch();
    await polls(10);
    expect(told).toEqual([expect.stringContaining('ENOENT')]);
    await expect(authenticator.ready()).rejects.toMatchObject({ code: 'invalid_configuration' });
    await expect(outcomeOf('u1')).rejects.toMatchObject({ code: 'backend_fault' });
    await writeUsersFile(path, () => undefined);
    await replace(json(1));
    await polls(2);
    await authenticator.ready();
    expect(await outcomeOf('u1')).toBe('authenticated');
    expect(told).toEqual([expect.stringContaining('ENOENT'), 1]);
  });

  test.each([
    ['{"users": {"a": {}}}', 'users.a.secret_hash'],
    ['', 'it is empty'],
    ['a:marked-user-secret-1', 'line 1'],
  ])('invalid at the start (%j), it is told once', async (text, message) => {
    await writeFile(path, text);
    await watch();
    expect(told).toEqual([expect.stringContaining(message)]);
    await polls(20);
    expect(told).toHaveLength(1);
  });

  test('a change of its permissions alone lets it be looked at again', async () => {
    await writeFile(path, json(1), { mode: 0o600 });
    await watch();
    await polls(2);
    await chmod(path, 0o644);
    await polls(2);
    expect(told).toEqual([1]);
  });
});

describe('close()', () => {
  test('ends the polling, and may be called again', async () => {
    await writeFile(path, json(1));
    await watch();
    await authenticator.close();
    await authenticator.close();
    expect(clock.pending).toBe(0);
    expect(await outcomeOf('u1')).toBe('authenticated');
  });

  test('in the middle of a poll, or of the first reading, ends it too', async () => {
    await writeFile(path, json(1));
    await watch();
    await replace(json(2));
    await polls(1);
    clock.increment(500);
    await authenticator.close();
    for (let turn = 0; turn < 50; turn += 1) await stat(path);
    expect(clock.pending).toBe(0);
    expect(told).toEqual([1]);

    const early = usersFileAuthenticator({ path, clock, onReload: ({ users }) => told.push(users) });
    await early.close();
    await expect(early.ready()).rejects.toMatchObject({ code: 'backend_fault' });
    expect(clock.pending).toBe(0);
    expect(told).toEqual([1]);
  });
});
