import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { connect, FailedSessionInitInfo, FullAuthSession } from '../../src/client/index.js';
import { ConfigurationError, type Secret } from '../../src/index.js';
import { loadServerConfig, type RunningServer, type ServerConfigInput, startServer } from '../../src/server/index.js';
import { type LogFile, openLogFile } from '../support/log-file.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const SECRET = 'marked-user-secret-1';
const REQUEST = { username: 'alice', user_secret: SECRET };

let folder: string;
let log: LogFile;
let server: RunningServer | undefined;

beforeEach(async () => {
  folder = temporaryFolder();
  log = await openLogFile({ level: 'trace', format: 'json' });
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  log.close();
});

async function configured(more: ServerConfigInput = {}) {
  const config: ServerConfigInput = {
    authenticator: { type: 'static', users: { alice: SECRET }, allowInsecureStaticUsers: true },
    sessionManager: { type: 'memory' },
    ...more,
    listen: { port: 0, ...more.listen },
  };
  writeFileSync(join(folder, 'session-init.json'), JSON.stringify(config));
  return (await loadServerConfig({ folder, environment: {} })).config;
}

async function start(more?: ServerConfigInput): Promise<RunningServer> {
  server = await startServer(await configured(more), { logger: log.logger });
  return server;
}

async function reasonOf(url: string, request = REQUEST, headers: Record<string, string> = {}): Promise<string> {
  const client = connect(url, { headers });
  const { data } = await client.init(request);
  client.close();
  return data instanceof FailedSessionInitInfo ? `${data.reason} ${data.code}` : data.constructor.name;
}

/** The first answer to a request, as it is on the wire. */
function answerOf(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    socket.once('open', () => socket.send(JSON.stringify(REQUEST)));
    socket.once('error', reject);
    socket.once('message', (text) => {
      socket.close();
      resolve(String(text));
    });
  });
}

describe('startServer', () => {
  test('serves what the configuration asks for, without a data folder where none is needed', async () => {
    const { url, orchestrator } = await start();
    expect(url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+$/);
    expect(await reasonOf(url)).toBe('FullAuthSession');
    expect(await reasonOf(url, { ...REQUEST, user_secret: 'wrong' })).toBe(
      'AUTHENTICATION_DENIED authentication_denied',
    );
    expect(await orchestrator.listByUser('alice')).toHaveLength(1);
    expect(existsSync(join(folder, 'data'))).toBe(false);
    expect(log.lines().map((line) => line['event'])).toEqual(
      expect.arrayContaining(['sys_startup', 'connection_opened', 'authn_login_success', 'authn_login_fail']),
    );
    expect(log.text()).not.toContain('marked');
  });

  test('authorizes by groups', async () => {
    const users = { alice: SECRET, bob: SECRET };
    const { url } = await start({
      authenticator: { type: 'static', users, groups: { alice: ['ops'] }, allowInsecureStaticUsers: true },
      authorizer: { type: 'groups', anyOf: ['ops'] },
    });
    expect(await reasonOf(url)).toBe('FullAuthSession');
    expect(await reasonOf(url, { ...REQUEST, username: 'bob' })).toBe('USER_NOT_AUTHORIZED user_not_authorized');
  });

  test('ASVS 6.3.1: throttles as it is told, and not if it is told not to', async () => {
    const wrong = { ...REQUEST, user_secret: 'wrong' };
    const first = await start({ throttle: { account: { maxFailures: 1 } } });
    expect(await reasonOf(first.url, wrong)).toMatch(/authentication_denied$/);
    expect(await reasonOf(first.url)).toBe('OTHER locked');
    await first.close();
    const second = await start({ throttle: { enabled: false, account: { maxFailures: 1 } } });
    expect(await reasonOf(second.url, wrong)).toMatch(/authentication_denied$/);
    expect(await reasonOf(second.url)).toBe('FullAuthSession');
  });

  test('keeps the limit of sessions that it is told', async () => {
    const { url } = await start({ sessionManager: { type: 'memory', maxSessionsPerUser: 1, limitPolicy: 'refuse' } });
    expect(await reasonOf(url)).toBe('FullAuthSession');
    expect(await reasonOf(url)).toBe('OTHER session_limit');
  });

  test('writes times as it is told', async () => {
    const { url } = await start({ profile: 'dmod' });
    expect(JSON.parse(await answerOf(url)).data.created).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/);
  });

  test('ASVS 15.3.4: takes the address of a client from a trusted proxy only', async () => {
    const headers = { 'X-Forwarded-For': '192.0.2.7' };
    const first = await start();
    await reasonOf(first.url, REQUEST, headers);
    await first.close();
    const second = await start({ listen: { trustedProxies: ['127.0.0.1'] } });
    await reasonOf(second.url, REQUEST, headers);
    const addresses = log.lines().flatMap((line) => (line['event'] === 'authn_login_success' ? [line['address']] : []));
    expect(addresses).toEqual(['127.0.0.1', '192.0.2.7']);
  });
});

describe('a server that stops', () => {
  test('gives its port back, answers what came, and logs the end; twice is once', async () => {
    const { url, drain, close } = await start();
    const client = connect(url);
    const asked = client.init(REQUEST);
    await asked;
    const drained = drain();
    expect(drain()).toBe(drained);
    expect(await drained).toEqual({ finished: 0, cancelled: 0 });
    await close();
    expect((await client.closed).code).toBe(1001);
    client.close();
    const { port } = new URL(url);
    const probe = createServer();
    await new Promise<void>((resolve, reject) =>
      probe.once('error', reject).listen(Number(port), '127.0.0.1', resolve),
    );
    await new Promise((resolve) => probe.close(resolve));
    expect(log.lines().at(-1)).toMatchObject({ event: 'sys_shutdown', finished: 0, cancelled: 0 });
  });
});

describe('the first start', () => {
  test('makes a user only for those who ask for one', async () => {
    const config = await configured({ authenticator: { type: 'users-file' }, sessionManager: { type: 'sqlite' } });
    await expect(startServer(config, { logger: log.logger })).rejects.toThrow(/users\.json cannot be read \(ENOENT\)/);
    expect(existsSync(join(folder, 'data/users.json'))).toBe(false);
  });

  test('hands over the user before it listens, so that the secret is not lost whatever comes', async () => {
    const config = await configured({ authenticator: { type: 'users-file' }, sessionManager: { type: 'sqlite' } });
    const demos: { name: string; secret: Secret }[] = [];
    const onFirstStart = (demo: { name: string; secret: Secret }) => {
      demos.push(demo);
      throw new Error('nobody looks');
    };
    await expect(startServer(config, { logger: log.logger, onFirstStart })).rejects.toThrow('nobody looks');
    server = await startServer(config, { logger: log.logger, onFirstStart });
    const [{ name, secret } = { name: '', secret: undefined }] = demos;
    expect(demos).toHaveLength(1);
    expect(await reasonOf(server.url, { username: name, user_secret: secret?.reveal() ?? '' })).toBe(
      FullAuthSession.name,
    );
  });
});

describe('a server that cannot start', () => {
  test('closes what it has opened, and can be started when the cause is gone', async () => {
    const config = await configured({ authenticator: { type: 'users-file' }, sessionManager: { type: 'sqlite' } });
    mkdirSync(join(folder, 'data'), { mode: 0o700 });
    writeFileSync(join(folder, 'data/users.json'), '{"users": ');
    const { logger } = log;
    for (let attempt = 0; attempt < 3; attempt++) {
      await expect(startServer(config, { logger })).rejects.toThrow(ConfigurationError);
    }
    // The log of SQLite is written back when the database is closed.
    const writeAhead = statSync(join(folder, 'data/sessions.db-wal'), { throwIfNoEntry: false });
    expect(writeAhead?.size ?? 0).toBe(0);
    writeFileSync(join(folder, 'data/users.json'), '{"users": {}}');
    server = await startServer(config, { logger });
    expect(await reasonOf(server.url)).toMatch(/^AUTHENTICATION_DENIED/);
  });
});
