import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { generateSync } from 'otplib';
import { connect, FailedSessionInitInfo } from '../../../src/client/index.js';
import { ConfigurationError } from '../../../src/index.js';
import { probeBackends } from '../../../src/server/backends/probe-backends.js';
import { makeStore, openSessionManager } from '../../../src/server/backends/session-manager.js';
import { type RunningServer, startServer } from '../../../src/server/index.js';
import { loadServerConfig } from '../../../src/server/load-config.js';
import { type LogFile, openLogFile } from '../../support/log-file.js';
import { ACCOUNT, Postgres } from '../../support/postgres.js';
import { Redis } from '../../support/redis.js';
import { describeWith, postgresql, redisServer } from '../../support/requires.js';
import { tempFolder } from '../../support/temp-folder.js';

jest.setTimeout(60_000);

const SECRET = 'marked-user-secret-1';
const PASSWORD = 'marked-redis-secret';
const folder = tempFolder();
const environment = { STORE_PASSWORD: PASSWORD, DB_PASSWORD: ACCOUNT.password };

async function load(sessionManager: object, more: object = {}) {
  const authenticator = { type: 'static', users: { alice: SECRET }, allowInsecureStaticUsers: true };
  const config = { authenticator, sessionManager, listen: { port: 0 }, ...more };
  writeFileSync(join(folder, 'session-init.json'), JSON.stringify(config));
  return (await loadServerConfig({ environment, folder })).config;
}

async function problemsOf(sessionManager: object, more?: object): Promise<readonly string[]> {
  const made = load(sessionManager, more).then((config) => makeStore(config, { environment }));
  const failure = await made.catch((cause: unknown) => cause);
  if (!(failure instanceof ConfigurationError)) throw failure;
  return failure.problems.map((problem) => problem.replace(/ \(.*session-init\.json\)$/, ''));
}

let log: LogFile;
const servers: RunningServer[] = [];

beforeAll(async () => {
  log = await openLogFile({ level: 'trace', format: 'json' });
});
afterAll(() => log.close());
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(sessionManager: object, more?: object): Promise<RunningServer> {
  const server = await startServer(await load(sessionManager, more), { logger: log.logger });
  servers.push(server);
  return server;
}

async function codeOf({ url }: RunningServer, user_secret = SECRET) {
  const client = connect(url);
  const { data } = await client.init({ username: 'alice', user_secret });
  client.close();
  return data instanceof FailedSessionInitInfo ? data.code : 'established';
}

async function readiness({ url }: RunningServer): Promise<unknown> {
  const response = await fetch(new URL('/readyz', url.replace('ws:', 'http:')));
  return [response.status, await response.json()];
}

const DOWN = [503, { status: 'notReady', causes: ['sessionManager'] }];
const READY = [200, { status: 'ready' }];

/** Asks again until it is so: something real has to happen meanwhile. */
async function until(server: RunningServer, expected: unknown): Promise<void> {
  while (JSON.stringify(await readiness(server)) !== JSON.stringify(expected)) await wait(20);
}

/** A server that is started while its store is down, and the store. */
async function expectRecovery({ type, ...settings }: { type: string }, store: { run(): Promise<void> }): Promise<void> {
  const server = await start({ type, ...settings, timeout: 500 }, { throttle: { store: 'memory' } });
  const throttled = await start({ type, ...settings, timeout: 500 });
  expect(log.lines()).toContainEqual(
    expect.objectContaining({ event: 'store_unreachable', level: 'error', store: type }),
  );
  expect(await readiness(server)).toEqual(DOWN);
  expect(await codeOf(server)).toBe('session_manager_fail');
  expect(await codeOf(throttled)).toBe('throttle_failed');
  // It is told once, by each of the two.
  const told = log.lines().filter(({ event, store }) => event === 'store_unreachable' && store === type);
  expect(told).toHaveLength(2);
  await store.run();
  await until(server, READY);
  expect(await codeOf(server)).toBe('established');
  // Its count has a connection of its own, which comes back when it does.
  while ((await codeOf(throttled)) !== 'established') await wait(20);
  expect(log.lines()).toContainEqual(expect.objectContaining({ event: 'store_reachable', store: type }));
  expect(log.text()).not.toContain('marked');
}

describe('a configuration that cannot work', () => {
  test.each<[string, object, object, RegExp]>([
    ['a misspelt type', { type: 'rediss' }, {}, /^sessionManager\.type: .* Is redis meant\?$/],
    ['no server', { type: 'redis' }, {}, /^sessionManager: Exactly one of url, cluster and sentinel/],
    [
      'two ways to a server',
      { type: 'redis', url: 'redis://a', cluster: ['redis://b'] },
      {},
      /^sessionManager: Exactly one of/,
    ],
    [
      'the layout of DMOD in a cluster',
      { type: 'redis', cluster: ['redis://a'], layout: 'dmod' },
      {},
      /^sessionManager: layout must not be dmod in a cluster/,
    ],
    [
      'a password in a URL',
      { type: 'redis', url: `redis://app:${PASSWORD}@a` },
      {},
      /^sessionManager\.url: it must hold no password\. .*which password names\.$/,
    ],
    [
      'a password in one of many URLs',
      { type: 'redis', cluster: ['redis://a', `redis://:${PASSWORD}@b`] },
      {},
      /^sessionManager\.cluster\.1: it must hold no password/,
    ],
    [
      'a password in clear',
      { type: 'redis', url: 'redis://a', password: PASSWORD },
      {},
      /^sessionManager\.password: it must be an object/,
    ],
    [
      'a password that is nowhere',
      { type: 'redis', url: 'redis://a', password: { env: 'NOWHERE' } },
      {},
      /^sessionManager\.password\.env: the environment variable NOWHERE is not set\.$/,
    ],
    [
      'a certificate that is not there',
      { type: 'redis', url: 'rediss://a', ca: 'none.pem' },
      {},
      /^sessionManager\.ca: there is no file/,
    ],
    ['no database', { type: 'postgres', host: 'db', user: 'app' }, {}, /^sessionManager\.database: it is missing\./],
    [
      'a host that is a URL with a password',
      { type: 'postgres', host: `postgres://app:${PASSWORD}@db`, database: 'app', user: 'app' },
      {},
      /^sessionManager: host must be a host name/,
    ],
    [
      'a store that may take as long as the phase',
      { type: 'redis', url: 'redis://a', timeout: 5_000 },
      {},
      /^sessionManager\.timeout: it must be shorter than deadlines\.session/,
    ],
    [
      'a throttle that counts nowhere',
      { type: 'redis', url: 'redis://a' },
      { throttle: { store: 'redis' } },
      /^throttle\.store: it must be sessionManager or memory/,
    ],
  ])('is told before anything is connected: %s', async (_, sessionManager, more, expected) => {
    const problems = await problemsOf(sessionManager, more);
    expect(problems.join('\n')).not.toContain('marked');
    expect(problems).toContainEqual(expect.stringMatching(expected));
  });
});

test('the account of the Sentinels is another than that of the server', async () => {
  const sentinel = { name: 'main', nodes: ['redis://s1', 'redis://s2:26380'], username: 'watcher' };
  const password = { env: 'STORE_PASSWORD' };
  const config = await load({ type: 'redis', sentinel: { ...sentinel, password }, username: 'app', password });
  const { sessionManager } = await makeStore(config, { environment });
  expect(sessionManager.name).toBe('redis');
  await sessionManager.close?.();
});

describeWith(postgresql, 'postgres', () => {
  let postgres: Postgres;

  beforeAll(async () => {
    postgres = await Postgres.start();
    await postgres.sql(`CREATE DATABASE app OWNER ${ACCOUNT.user}`);
    writeFileSync(join(folder, 'db-password'), ACCOUNT.password, { mode: 0o600 });
  });
  afterAll(() => postgres.stop());

  const where = () => ({
    type: 'postgres',
    ...{ host: '127.0.0.1', port: postgres.port, database: 'app', user: ACCOUNT.user },
  });

  test('a server starts while its store is down, says that it is not ready, and is as soon as the store is', async () => {
    await postgres.kill();
    await expectRecovery({ ...where(), password: { file: 'db-password' } } as { type: string }, postgres);
  });

  test('keeps sessions as it is configured, and is probed', async () => {
    const password = { env: 'DB_PASSWORD' };
    const config = await load({ ...where(), password, schema: 'elsewhere', maxSessionsPerUser: 1 });
    expect(JSON.stringify(config)).not.toContain(ACCOUNT.password);
    const manager = await openSessionManager(config, { environment });
    const byPlace = new Map([['sessionManager', manager]]);
    expect(await probeBackends({ byPlace }, 5_000)).toEqual([
      { place: 'sessionManager', backend: 'postgres', outcome: 'answered' },
    ]);
    for (const ipAddress of ['192.0.2.1', '192.0.2.2']) {
      await manager.create({ user: 'alice', ipAddress }, new AbortController());
    }
    expect(await manager.listByUser('alice')).toEqual([expect.objectContaining({ ip_address: '192.0.2.2' })]);
    expect(await postgres.sql(`SELECT count(*) > 0 FROM pg_tables WHERE schemaname = 'elsewhere'`, 'app')).toEqual([
      't',
    ]);
    await manager.close?.();
  });
});

describeWith(redisServer, 'redis', () => {
  let redis: Redis;

  beforeAll(async () => {
    redis = await Redis.start('--requirepass', PASSWORD);
    writeFileSync(join(folder, 'redis-password'), `${PASSWORD}\n`, { mode: 0o600 });
  });
  afterAll(() => redis.stop());

  const settings = () => ({ type: 'redis', url: redis.url, password: { file: 'redis-password' } });

  test('is probed', async () => {
    const { sessionManager } = await makeStore(await load(settings()), { environment });
    const byPlace = new Map([['sessionManager', sessionManager]]);
    expect(await probeBackends({ byPlace }, 5_000)).toMatchObject([{ place: 'sessionManager', outcome: 'answered' }]);
    await sessionManager.close?.();
    const wrong = await makeStore(await load({ ...settings(), password: { env: 'DB_PASSWORD' } }), { environment });
    const probes = await probeBackends({ byPlace: new Map([['sessionManager', wrong.sessionManager]]) }, 5_000);
    expect(probes).toMatchObject([{ outcome: 'failed', problem: expect.not.stringContaining('marked') }]);
    await wrong.sessionManager.close?.();
  });

  test('a server starts while its store is down, says that it is not ready, and is as soon as the store is', async () => {
    await redis.kill();
    await expectRecovery(settings(), redis);
  });

  test('a store that hangs is found within a second, and leaves the server alive', async () => {
    const server = await start(settings());
    expect(await readiness(server)).toEqual(READY);
    redis.pause();
    await until(server, DOWN);
    const live = await fetch(new URL('/livez', server.url.replace('ws:', 'http:')));
    expect(live.status).toBe(200);
    redis.resume();
    await until(server, READY);
  });

  test('ASVS 6.3.1: failed attempts count on all nodes together, unless each is to count for itself', async () => {
    const limited = { account: { maxFailures: 2 } };
    const shared = [await start(settings(), { throttle: limited }), await start(settings(), { throttle: limited })];
    for (const node of shared) expect(await codeOf(node, 'wrong')).toBe('authentication_denied');
    for (const node of shared) expect(await codeOf(node, 'wrong')).toBe('locked');
    const alone = await start(settings(), { throttle: { ...limited, store: 'memory' } });
    expect(await codeOf(alone, 'wrong')).toBe('authentication_denied');
  });

  test('RFC 6238 §5.2: a one-time code is taken once on all nodes together, unless each is to remember for itself', async () => {
    const totp = 'NVQXE23FMQWXK43FOIWXGZLDOJSXILJR';
    writeFileSync(join(folder, 'totp.json'), JSON.stringify({ secrets: { carol: totp } }), { mode: 0o600 });
    const nodes = async (usedSteps: string) => {
      const people = { type: 'static', users: { carol: SECRET }, allowInsecureStaticUsers: true };
      const authenticators = { people, codes: { type: 'totp', path: 'totp.json', usedSteps } };
      const authenticator = { type: 'all-of', authenticators: ['people', 'codes'] };
      return [
        await start(settings(), { authenticators, authenticator }),
        await start(settings(), { authenticators, authenticator }),
      ];
    };
    const code = generateSync({ secret: totp, epoch: Date.now() / 1_000 });
    const results = async (servers: RunningServer[]) => {
      const answers: boolean[] = [];
      for (const { orchestrator } of servers) {
        const message = { username: 'carol', user_secret: SECRET, one_time_code: code };
        answers.push((await orchestrator.init(message, { ipAddress: '192.0.2.1' })).success);
      }
      return answers;
    };
    expect(await results(await nodes('memory'))).toEqual([true, true]);
    expect(await results(await nodes('sessionManager'))).toEqual([true, false]);
  });
});
