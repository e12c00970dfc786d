import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { SessionLimitPolicy } from '../../../../src/adapters/session-lifetime.js';
import {
  type SqliteSessionManagerOptions,
  sqliteSessionManager,
} from '../../../../src/adapters/session-managers/sqlite.js';
import { Secret } from '../../../../src/model/secret.js';
import { tempFolder } from '../../../support/temp-folder.js';

jest.setTimeout(120_000);

const folder = tempFolder();
const fixture = (name: string) => fileURLToPath(new URL(`../../../fixtures/${name}`, import.meta.url));
const built = fileURLToPath(new URL('../../../../dist/adapters/session-managers/sqlite.js', import.meta.url));

/** What a process writes when it has created a session, or was refused one. */
interface Line {
  outcome: 'created' | 'limitReached';
  id: number;
  secret: string;
  evicted?: number[];
}

const children = new Set<ChildProcess>();

/** A process that waits for `start`, and what it writes from then on. */
class Creator {
  readonly lines: Line[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #ready: Promise<void>;
  #errors = '';
  #onLine: () => void = () => {};

  constructor(options: SqliteSessionManagerOptions, count: number, parallel: number) {
    const child = spawn(process.execPath, [
      fixture('create-sessions.mjs'),
      JSON.stringify(options),
      `${count}`,
      `${parallel}`,
    ]);
    this.#child = child;
    children.add(child);
    child.stderr.on('data', (data) => {
      this.#errors += data;
    });
    const output = createInterface(child.stdout);
    this.#ready = new Promise((resolve) => {
      output.on('line', (line) => {
        if (line === 'ready') resolve();
        else this.lines.push(JSON.parse(line));
        this.#onLine();
      });
    });
    this.#ended = Promise.all([once(child, 'close'), once(output, 'close')]);
  }

  async start(): Promise<void> {
    await this.#ready;
    this.#child.stdin?.write('go\n');
  }

  async finish(): Promise<void> {
    await this.#ended;
    children.delete(this.#child);
    if (this.#child.exitCode !== 0) throw new Error(`The process ended with ${this.#child.exitCode}: ${this.#errors}`);
  }

  /** Kills the process as soon as it has written so many lines. */
  async killAfter(lines: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#onLine = () => {
        if (this.lines.length >= lines) resolve();
      };
    });
    this.#child.kill('SIGKILL');
    await this.#ended;
    children.delete(this.#child);
    expect(this.#child.signalCode).toBe('SIGKILL');
  }
}

beforeAll(() => {
  if (!existsSync(built)) throw new Error(`${built} is missing: run npm run build, or npm test, which does.`);
});

afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
});

describe('two processes create 1,000 sessions each for one user', () => {
  const LIMIT = 10;
  const PER_PROCESS = 1_000;

  test.each<[SessionLimitPolicy, number, number]>([
    ['allow', 2 * PER_PROCESS, 2 * PER_PROCESS],
    ['reuse', 2 * PER_PROCESS, 1],
    ['evictOldest', 2 * PER_PROCESS, LIMIT],
    ['refuse', LIMIT, LIMIT],
  ])('ASVS 7.1.2, 15.4.2: %s holds', async (limitPolicy, acknowledged, live) => {
    const options = { path: join(folder, `${limitPolicy}.db`), limitPolicy, maxSessionsPerUser: LIMIT };
    const creators = [1, 2].map(() => new Creator(options, PER_PROCESS, PER_PROCESS));
    await Promise.all(creators.map((creator) => creator.start()));
    await Promise.all(creators.map((creator) => creator.finish()));

    const lines = creators.flatMap((creator) => creator.lines);
    expect(lines).toHaveLength(2 * PER_PROCESS);
    const created = lines.filter(({ outcome }) => outcome === 'created');
    expect(created).toHaveLength(acknowledged);
    expect(new Set(created.map(({ secret }) => secret)).size).toBe(acknowledged);
    const ids = new Set(created.map(({ id }) => id));
    expect(ids.size).toBe(limitPolicy === 'reuse' ? 1 : acknowledged);

    const manager = sqliteSessionManager(options);
    const listed = (await manager.listByUser('alice', { limit: 10_000 })).map(({ session_id }) => session_id);
    expect(listed).toHaveLength(live);
    const working: number[] = [];
    for (const { secret } of created) {
      const session = await manager.findBySecret(new Secret(secret));
      if (session !== undefined) working.push(session.session_id);
    }
    expect(working.sort((a, b) => a - b)).toEqual(listed);
    const evicted = lines.flatMap((line) => line.evicted ?? []);
    const ended = limitPolicy === 'reuse' ? [] : [...ids].filter((id) => !listed.includes(id));
    expect(evicted.sort((a, b) => a - b)).toEqual(ended.sort((a, b) => a - b));
    await manager.close?.();
  });
});

describe('kill -9', () => {
  test.each([1, 10, 57, 300])('after %d acknowledged creations none of them is lost', async (lines) => {
    const options = { path: join(folder, `killed-${lines}.db`), limitPolicy: 'allow' as const };
    const creator = new Creator(options, 1_000_000, 8);
    await creator.start();
    await creator.killAfter(lines);
    expect(creator.lines.length).toBeGreaterThanOrEqual(lines);

    const manager = sqliteSessionManager(options);
    for (const { id, secret } of creator.lines) {
      expect((await manager.findBySecret(new Secret(secret)))?.session_id).toBe(id);
    }
    const listed = await manager.listByUser('alice', { limit: 1_000_000 });
    // Beyond those that were acknowledged there are at most the ones that were under way.
    expect(listed.length - creator.lines.length).toBeLessThanOrEqual(8);
    await manager.create({ user: 'alice', ipAddress: '192.0.2.1' }, { signal: new AbortController().signal });
    await manager.close?.();
  });

  test('of one process leaves another that shares the database unharmed', async () => {
    const options = { path: join(folder, 'shared.db'), limitPolicy: 'allow' as const };
    const creators = [new Creator(options, 1_000_000, 8), new Creator(options, 600, 8)] as const;
    await Promise.all(creators.map((creator) => creator.start()));
    await creators[0].killAfter(100);
    await creators[1].finish();
    const manager = sqliteSessionManager(options);
    for (const { id, secret } of creators.flatMap((creator) => creator.lines)) {
      expect((await manager.findBySecret(new Secret(secret)))?.session_id).toBe(id);
    }
    await manager.close?.();
  });
});

describe('writes that the operating system refuses', () => {
  test('reject, what was acknowledged stays, and nothing is said to be done that is not', async () => {
    const path = join(folder, 'full.db');
    const command = `ulimit -f 400; exec "${process.execPath}" "${fixture('fill-disk.mjs')}" "${path}"`;
    const { stdout } = await promisify(execFile)('bash', ['-c', command]);
    const { created, faults, removed, refreshed, found, listed, lastAccessed } = JSON.parse(stdout);
    expect(created.length).toBeGreaterThan(5);
    expect(faults.length).toBeGreaterThanOrEqual(2);
    for (const { code } of faults) expect(code).toBe('backend_fault');
    const expected = removed === true ? created.slice(1) : created;
    expect([found, listed]).toEqual([expected, expected]);
    if (refreshed !== 'rejected') expect(lastAccessed).toBe(refreshed);

    const manager = sqliteSessionManager({ path });
    expect((await manager.listByUser(undefined)).map(({ session_id }) => session_id)).toEqual(expected);
    await manager.create({ user: 'alice', ipAddress: '192.0.2.1' }, { signal: new AbortController().signal });
    await manager.close?.();
  });
});
