import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import Database from 'libsql';
import { sqliteSessionManager } from '../../src/adapters/session-managers/sqlite.js';
import { connect, type FullAuthSession } from '../../src/client/index.js';
import { runCommand, startServe } from '../support/command-line.js';
import { root } from '../support/package-exports.js';
import { describeWith } from '../support/requires.js';
import { tempFolder } from '../support/temp-folder.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const terminal = { command: 'script', install: 'apt-get install -y --no-install-recommends bsdutils' };

const SECRET = 'marked-user-secret-1';

let cwd: string;
beforeEach(() => {
  cwd = temporaryFolder();
});

const session = (...args: string[]) => runCommand(['session', ...args], { cwd });

/** A database with sessions of these users. @returns their ids */
async function makeSessions(...users: string[]): Promise<number[]> {
  mkdirSync(join(cwd, 'data'), { mode: 0o700 });
  const manager = sqliteSessionManager({ path: join(cwd, 'data/sessions.db') });
  const ids: number[] = [];
  for (const user of users) {
    const options = { signal: new AbortController().signal };
    const creation = await manager.create({ user, ipAddress: '192.0.2.1' }, options);
    if (creation.outcome === 'created') ids.push(creation.session.session_id);
  }
  await manager.close?.();
  return ids;
}

describe('session list', () => {
  test('shows the live sessions, of all or of one user, without a secret', async () => {
    const [first, , third] = await makeSessions('alice', 'bob', 'alice');
    const all = await session('list', '--json');
    expect(all.status).toBe(0);
    expect(JSON.parse(all.stdout)).toHaveLength(3);
    expect(Object.keys(JSON.parse(all.stdout)[0]).sort()).toEqual(
      ['created', 'ip_address', 'last_accessed', 'session_id', 'user'].sort(),
    );
    const [header, ...rows] = (await session('list', '--user', 'alice')).stdout.trimEnd().split('\n');
    expect(header).toMatch(/^ID +USER +ADDRESS +CREATED +LAST USED$/);
    expect(rows.map((row) => Number(row.split(' ')[0]))).toEqual([first, third]);
    expect(rows[0]).toMatch(/alice +192\.0\.2\.1 +\d{4}-.*Z +\d{4}-.*Z$/);
  });

  test('shows none that has expired by the configuration of the server', async () => {
    await makeSessions('alice');
    const env = { SESSION_INIT_SESSION_MANAGER_IDLE_TIMEOUT: '1' };
    const { status, stdout } = await runCommand(['session', 'list', '--json'], { cwd, env });
    expect([status, stdout]).toEqual([0, '[]\n']);
  });

  test.each([
    ['--limit', '0'],
    ['--limit', 'many'],
    ['--after', 'x'],
  ])('exits with 2 for %s %s', async (option, value) => {
    const { status, stderr } = await session('list', option, value);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^error: .*positive whole number/);
  });

  test('where there is no database, says so, and makes none', async () => {
    const { status, stderr } = await session('list');
    expect(status).toBe(2);
    expect(stderr).toMatch(/There is no database .*sessions\.db\. Has the server run here\?/);
  });

  test('where the sessions are in memory, says so', async () => {
    writeFileSync(join(cwd, 'session-init.json'), '{"sessionManager": {"type": "memory"}}');
    const { status, stderr } = await session('list');
    expect(status).toBe(2);
    expect(stderr).toMatch(/in the memory of the server/);
  });
});

describe('many sessions', () => {
  const MANY = 2_500;
  const folder = tempFolder();

  beforeAll(async () => {
    cwd = folder;
    await makeSessions(...Array.from({ length: MANY }, (_, i) => (i % 100 === 0 ? 'bob' : `user-${i}`)));
  });

  beforeEach(() => {
    cwd = folder;
  });

  test('are listed in one JSON array, in ascending order, and can be asked for in parts', async () => {
    const { stdout } = await session('list', '--json');
    const ids: number[] = JSON.parse(stdout).map(({ session_id }: { session_id: number }) => session_id);
    expect(ids).toHaveLength(MANY);
    expect(ids).toEqual(ids.toSorted((a, b) => a - b));
    expect(stdout.split('\n')).toHaveLength(MANY + 3);
    const part = await session('list', '--json', '--limit', '1100', '--after', String(ids[99]));
    expect(JSON.parse(part.stdout).map(({ session_id }: { session_id: number }) => session_id)).toEqual(
      ids.slice(100, 1_200),
    );
    const last = await session('list', '--limit', '1', '--after', String(ids.at(-1)));
    expect(last.stdout).toBe('ID  USER  ADDRESS  CREATED  LAST USED\n');
  });

  test('a reader that goes away ends the list, and that is no error', async () => {
    const wrapper = ['sh', '-c', '"$@" | head -n 1; exit 7', 'sh'];
    const { status, stdout, stderr } = await runCommand(['session', 'list', '--json'], { cwd, wrapper });
    expect([status, stdout, stderr]).toEqual([7, '[\n', '']);
    const bash = ['bash', '-o', 'pipefail', '-c', '"$@" | head -n 1', 'bash'];
    expect((await runCommand(['session', 'list'], { cwd, wrapper: bash })).status).toBe(0);
  });

  test('are counted, of all or of one user', async () => {
    const results = await Promise.all([session('count'), session('count', '--user', 'bob', '--json')]);
    expect(results.map(({ status, stdout, stderr }) => [status, stdout, stderr])).toEqual([
      [0, `${MANY}\n`, ''],
      [0, '{"sessions":25}\n', ''],
    ]);
  });

  test('are all revoked, without progress where there is no terminal', async () => {
    const { stdout, stderr } = await session('revoke', '--all');
    expect([stdout, stderr]).toEqual([`${MANY} sessions are revoked.\n`, '']);
    expect((await session('count')).stdout).toBe('0\n');
  });
});

describeWith(terminal, 'session revoke on a terminal', (script) => {
  test('shows how far it is; Ctrl-C ends it in order, and it says what it has done', async () => {
    const MANY = 6_000;
    await makeSessions(...Array.from({ length: MANY }, (_, i) => `user-${i}`));
    const command = `${process.execPath} ${join(root, 'dist/cli/main.js')} session revoke --all`;
    const child = spawn(script, ['-qec', command, '/dev/null'], { cwd });
    let shown = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (!shown.includes('so far') && (shown + text).includes('so far')) child.stdin.write('\u0003');
      shown += text;
    });
    const status = await new Promise((resolve) => child.once('close', resolve));
    const [, revoked] = /(\d+) sessions are revoked\. This was interrupted, and the others go on\./.exec(shown) ?? [];
    expect(Number(revoked)).toBeGreaterThan(0);
    expect((await session('count')).stdout).toBe(`${MANY - Number(revoked)}\n`);
    expect(status).toBe(130);
  });
});

describe('session revoke', () => {
  test('ASVS 7.4.2, 7.4.5: ends sessions by id, of a user, or all', async () => {
    const [a1, b1, a2] = await makeSessions('alice', 'bob', 'alice', 'bob', 'carol');
    const byId = await session('revoke', String(a1), String(b1), '4711');
    expect([byId.status, byId.stdout]).toEqual([1, `Session ${a1} is revoked.\nSession ${b1} is revoked.\n`]);
    expect(byId.stderr).toBe('There is no session 4711.\n');
    const ofUser = await session('revoke', '--user', 'alice');
    expect([ofUser.status, ofUser.stdout]).toEqual([0, '1 session is revoked.\n']);
    expect((await session('revoke', String(a2))).status).toBe(1);
    expect((await session('revoke', '--all')).stdout).toBe('2 sessions are revoked.\n');
    expect((await session('list', '--json')).stdout).toBe('[]\n');
  });

  test('says how many it has ended before the store failed', async () => {
    await makeSessions('alice', 'bob', 'carol');
    const database = new Database(join(cwd, 'data/sessions.db'));
    database.exec(
      `CREATE TRIGGER broken BEFORE DELETE ON session WHEN OLD.user = CAST('carol' AS BLOB) BEGIN SELECT RAISE(ABORT, 'broken'); END`,
    );
    database.close();
    const { status, stdout, stderr } = await session('revoke', '--all');
    expect([status, stdout]).toEqual([1, '2 sessions are revoked.\n']);
    expect(stderr).toMatch(/^error: .*broken/);
  });

  test.each([
    ['nothing to revoke', []],
    ['two ways at once', ['1', '--all']],
    ['an id that is none', ['one']],
    ['an id beyond all', ['99999999999999999999']],
  ])('exits with 2 for %s', async (_, args) => {
    await makeSessions('alice');
    const { status, stderr } = await session('revoke', ...args);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^error: /);
    expect(JSON.parse((await session('list', '--json')).stdout)).toHaveLength(1);
  });

  test('ASVS 7.4.1: a server that runs tells the client, and closes its connection', async () => {
    const authenticator = { type: 'static', users: { alice: SECRET }, allowInsecureStaticUsers: true };
    const config = { authenticator, connections: { sessionCheckInterval: 50 } };
    writeFileSync(join(cwd, 'session-init.json'), JSON.stringify(config));
    const server = await startServe([], { cwd });
    const client = connect(server.url);
    const ended = new Promise((resolve) => client.onSessionEnded(resolve));
    const { data } = await client.init({ username: 'alice', user_secret: SECRET });
    const sessionId = (data as FullAuthSession).session_id;
    expect((await session('revoke', String(sessionId))).status).toBe(0);
    expect(await ended).toMatchObject({ sessionId });
    expect((await client.closed).code).toBe(4001);
    client.close();
    server.kill('SIGTERM');
    expect((await server.finished).status).toBe(0);
  });
});
