import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import Database from 'libsql';
import { WebSocket } from 'ws';
import { sqliteSessionManager } from '../../src/adapters/session-managers/sqlite.js';
import { connect, FullAuthSession, type SessionClient } from '../../src/client/index.js';
import { decodeSessionInitResponse } from '../../src/index.js';
import { runCommand, type ServeProcess, startServe } from '../support/command-line.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const SECRET = 'marked-user-secret-1';
const REQUEST = { username: 'alice', user_secret: SECRET };
const CONFIG = {
  authenticator: { type: 'static', users: { alice: SECRET }, allowInsecureStaticUsers: true },
  sessionManager: { type: 'sqlite', limitPolicy: 'allow' },
};

let cwd: string;
let server: ServeProcess | undefined;

beforeEach(() => {
  cwd = temporaryFolder();
});

afterEach(async () => {
  server?.kill('SIGKILL');
  await server?.finished;
  server = undefined;
});

async function start(config: object = CONFIG, env: Record<string, string> = {}): Promise<ServeProcess> {
  writeFileSync(join(cwd, 'session-init.json'), JSON.stringify(config));
  server = await startServe([], { cwd, env });
  return server;
}

describe('kill -9 under load', () => {
  test('P2: after a restart, every session that a client was told of is still there', async () => {
    const first = await start();
    const acknowledged: FullAuthSession[] = [];
    let isDead = false;
    const ask = async (client: SessionClient) => {
      while (!isDead) {
        const { data } = await client.init(REQUEST);
        if (data instanceof FullAuthSession) acknowledged.push(data);
        if (acknowledged.length === 300) first.kill('SIGKILL');
      }
      client.close();
    };
    first.finished.then(() => {
      isDead = true;
    });
    await Promise.all(Array.from({ length: 16 }, () => ask(connect(first.url, { deadline: 60_000 }))));
    expect(acknowledged.length).toBeGreaterThanOrEqual(300);

    const second = await start();
    const { stdout } = await runCommand(['session', 'list', '--json'], { cwd });
    const listed = new Set(JSON.parse(stdout).map(({ session_id }: { session_id: number }) => session_id));
    expect(acknowledged.filter(({ session_id }) => !listed.has(session_id))).toEqual([]);
    const manager = sqliteSessionManager({ path: join(cwd, 'data/sessions.db') });
    for (const session of acknowledged) {
      const found = session.session_secret && (await manager.findBySecret(session.session_secret));
      expect(found?.session_id).toBe(session.session_id);
    }
    await manager.close?.();
    second.kill('SIGTERM');
    expect((await second.finished).status).toBe(0);
  });
});

describe('SIGTERM', () => {
  /** Sends many requests at once. @returns the answers so far, and the end of the connection */
  async function pipeline(url: string, count: number) {
    const socket = new WebSocket(url);
    const answers: ReturnType<typeof decodeSessionInitResponse>[] = [];
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    const begun = new Promise<void>((resolve) => {
      socket.on('message', (text) => {
        answers.push(decodeSessionInitResponse(JSON.parse(String(text))));
        resolve();
      });
    });
    for (let sent = 0; sent < count; sent++) socket.send(JSON.stringify(REQUEST));
    return { answers, begun, closed };
  }

  test('P1: under load, every request that has come is answered, then the process ends with 0', async () => {
    await runCommand(['user', 'add', 'alice'], { cwd, input: SECRET });
    const running = await start({});
    const pipelines = await Promise.all(Array.from({ length: 5 }, () => pipeline(running.url, 8)));
    // Verifying takes 17 ms each, so what is sent together with the first has come long before all are answered.
    await Promise.all(pipelines.map(({ begun }) => begun));
    running.kill('SIGTERM');
    const { status } = await running.finished;
    expect(status).toBe(0);
    expect(await Promise.all(pipelines.map(({ closed }) => closed))).toEqual([1001, 1001, 1001, 1001, 1001]);
    expect(pipelines.map(({ answers }) => answers.map(({ success }) => success))).toEqual(
      pipelines.map(() => Array(8).fill(true)),
    );
    const events = running.log().map((line) => line['event']);
    expect(events.filter((event) => event === 'authn_login_success')).toHaveLength(40);
    expect(events.at(-1)).toBe('sys_shutdown');
  });

  test('SIGINT does the same, and a connection that only waits does not hold it up', async () => {
    const running = await start();
    const client = connect(running.url);
    expect((await client.init(REQUEST)).success).toBe(true);
    const { closed } = client;
    running.kill('SIGINT');
    expect((await running.finished).status).toBe(0);
    expect((await closed).code).toBe(1001);
    client.close();
  });

  test('that comes twice at once is one: under npm, the terminal and npm send it', async () => {
    const running = await start();
    running.kill('SIGINT');
    running.kill('SIGINT');
    expect((await running.finished).status).toBe(0);
  });

  test('and then SIGINT stops at once', async () => {
    const running = await start({ ...CONFIG, drainDeadline: 60_000 });
    // Who has the database locked keeps an init waiting, and so the drain.
    const lock = new Database(join(cwd, 'data/sessions.db'));
    lock.exec('BEGIN IMMEDIATE');
    const client = connect(running.url);
    await client.opened;
    const denied = client.init({ ...REQUEST, user_secret: 'wrong' });
    const asked = client.init(REQUEST);
    // The server takes them in order, so it is at the second now.
    await denied;
    running.kill('SIGTERM');
    await running.logged({ event: 'sys_shutdown_begun', connections: 1 });
    running.kill('SIGINT');
    expect((await running.finished).status).toBe(1);
    expect((await asked).success).toBe(false);
    client.close();
    lock.close();
  });
});

describe('a defect that nobody catches', () => {
  test('ASVS 16.2.5: ends the process with a last line in the log, in which no property of the error is', async () => {
    const defect = `process.on('SIGUSR2', () => { throw Object.assign(new Error('gone'), { secret: '${SECRET}' }); });`;
    writeFileSync(join(cwd, 'defect.mjs'), defect);
    const running = await start(CONFIG, { NODE_OPTIONS: `--import=${join(cwd, 'defect.mjs')}` });
    running.kill('SIGUSR2');
    const { status, stdout, stderr } = await running.finished;
    expect(status).toBe(1);
    expect(running.log().at(-1)).toMatchObject({
      level: 'fatal',
      event: 'sys_crash',
      cause: 'Error: gone',
      stack: expect.stringMatching(/process\.<anonymous>/),
    });
    expect(stdout + stderr).not.toContain('marked');
  });
});
