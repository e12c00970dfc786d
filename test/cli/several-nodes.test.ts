import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { SessionManager } from '../../src/adapters/ports.js';
import { postgresSessionManager } from '../../src/adapters/session-managers/postgres.js';
import { redisSessionManager } from '../../src/adapters/session-managers/redis.js';
import { connect, FullAuthSession, requestSession, type SessionClient } from '../../src/client/index.js';
import type { SessionInitResponse } from '../../src/index.js';
import { runCommand, type ServeProcess, startServe } from '../support/command-line.js';
import { LoadBalancer } from '../support/load-balancer.js';
import { ACCOUNT } from '../support/postgres.js';
import { Redis } from '../support/redis.js';
import { describeWith, postgresql, type Requirement, redisServer } from '../support/requires.js';
import { startPostgres } from '../support/shared-stores.js';
import { tempFolder } from '../support/temp-folder.js';

const SECRET = 'marked-user-secret-1';
const USERS = Array.from({ length: 12 }, (_, index) => `user-${index}`);
const NODES = ['a', 'b', 'c'];

interface Store {
  /** The session manager in the configuration of the server, and in code. */
  configured: Readonly<Record<string, unknown>>;
  manager(): SessionManager;
  kill(): Promise<void>;
  run(): Promise<void>;
  stop(): Promise<void>;
}

async function startRedis(): Promise<Store> {
  // What was acknowledged is in the file, so that it outlives the process of Redis.
  const redis = await Redis.start('--appendonly', 'yes');
  const { url } = redis;
  return {
    configured: { type: 'redis', url },
    manager: () => redisSessionManager({ url }),
    kill: () => redis.kill(),
    run: () => redis.run(),
    stop: () => redis.stop(),
  };
}

async function startPostgreSql(): Promise<Store> {
  const postgres = await startPostgres();
  const where = { host: '127.0.0.1', port: postgres.port, database: 'postgres', maxConnections: 4 };
  return {
    configured: { type: 'postgres', ...where, user: ACCOUNT.user, password: { env: 'STORE_PASSWORD' } },
    manager: () => postgresSessionManager({ ...where, ...ACCOUNT }),
    kill: () => postgres.kill(),
    run: () => postgres.run(),
    stop: () => postgres.stop(),
  };
}

const STORES: readonly { name: string; requirement: Requirement; start: () => Promise<Store> }[] = [
  { name: 'Redis', requirement: redisServer, start: startRedis },
  { name: 'PostgreSQL', requirement: postgresql, start: startPostgreSql },
];

for (const kind of STORES)
  describeWith(kind.requirement, `three nodes on one ${kind.name}`, () => {
    const folder = tempFolder();
    const command = { cwd: folder, env: { STORE_PASSWORD: ACCOUNT.password } };
    let store: Store;
    const nodes = new Map<string, ServeProcess>();
    const clients: SessionClient[] = [];

    beforeAll(async () => {
      store = await kind.start();
      const users = Object.fromEntries(USERS.map((user) => [user, SECRET]));
      const config = {
        authenticator: { type: 'static', users, allowInsecureStaticUsers: true },
        sessionManager: { ...store.configured, limitPolicy: 'allow' },
        // Whoever hears of an end late would not find it by looking.
        connections: { sessionCheckInterval: 3_600_000 },
        drainDelay: 1_000,
        log: { level: 'warn', format: 'json' },
      };
      writeFileSync(join(folder, 'session-init.json'), JSON.stringify(config));
      await Promise.all(NODES.map(start));
    });

    afterEach(() => {
      for (const client of clients.splice(0)) client.close();
    });

    afterAll(async () => {
      for (const node of nodes.values()) node.kill('SIGKILL');
      await Promise.all([...nodes.values()].map(({ finished }) => finished));
      await store?.stop();
    });

    async function start(name: string): Promise<ServeProcess> {
      const node = await startServe([], command);
      nodes.set(name, node);
      return node;
    }

    const node = (name: string) => nodes.get(name) as ServeProcess;
    const portOf = ({ url }: ServeProcess) => Number(new URL(url).port);
    const session = (...args: string[]) => runCommand(['session', ...args], command);

    test('a rolling restart under load: no init fails, and no session is lost', async () => {
      const balancer = await LoadBalancer.start();
      for (const [name, process] of nodes) balancer.add(name, portOf(process));
      await Promise.all(NODES.map((name) => balancer.saw(name, true)));
      const responses: SessionInitResponse[] = [];
      let isOver = false;

      /** One half keeps its connection, the other opens one for each init. */
      async function keepAsking(username: string, index: number): Promise<void> {
        const client = index % 2 === 0 ? connect(balancer.url) : undefined;
        const message = { username, user_secret: SECRET };
        while (!isOver) {
          responses.push(await (client?.init(message) ?? requestSession(balancer.url, message)));
          await wait(5);
        }
        client?.close();
      }

      const asking = Promise.all(USERS.map(keepAsking));
      const answered = async (more: number) => {
        for (const enough = responses.length + more; responses.length < enough; ) await wait(10);
      };
      await answered(USERS.length);
      for (const name of NODES) {
        const stopping = node(name);
        stopping.kill('SIGTERM');
        await balancer.saw(name, false);
        const { status } = await stopping.finished;
        expect(status).toBe(0);
        // The others carry on alone.
        await answered(2 * USERS.length);
        balancer.add(name, portOf(await start(name)));
        await balancer.saw(name, true);
        await answered(2 * USERS.length);
      }
      isOver = true;
      await asking;
      await balancer.stop();

      expect(responses.filter(({ success }) => !success)).toEqual([]);
      const sessions = responses.map(({ data }) => data as FullAuthSession);
      expect(new Set(sessions.map(({ session_id }) => session_id)).size).toBe(sessions.length);
      const manager = store.manager();
      for (const { session_id, session_secret } of sessions) {
        const found = await manager.findBySecret(session_secret as NonNullable<typeof session_secret>);
        expect(found?.session_id).toBe(session_id);
      }
      await manager.close?.();
      expect((await session('count')).stdout).toBe(`${sessions.length}\n`);
    });

    describe('a session that is revoked from elsewhere', () => {
      async function establish(name: string): Promise<{ client: SessionClient; id: number; ended: Promise<unknown> }> {
        const client = connect(node(name).url);
        clients.push(client);
        const ended = new Promise((resolve) => client.onSessionEnded(resolve));
        const { data } = await client.init({ username: 'user-0', user_secret: SECRET });
        expect(data).toBeInstanceOf(FullAuthSession);
        return { client, id: (data as FullAuthSession).session_id, ended };
      }

      /** All nodes have a session each, and all of them end. */
      async function expectEnds(): Promise<void> {
        const held = await Promise.all(NODES.map(establish));
        const { status, stdout } = await session('revoke', ...held.map(({ id }) => String(id)));
        expect([status, stdout]).toEqual([0, held.map(({ id }) => `Session ${id} is revoked.\n`).join('')]);
        for (const { client, id, ended } of held) {
          expect(await ended).toMatchObject({ sessionId: id });
          expect((await client.closed).code).toBe(4001);
        }
      }

      async function readiness(name: string): Promise<number> {
        return (await fetch(new URL('/readyz', node(name).url.replace('ws:', 'http:')))).status;
      }

      test('ASVS 7.4.1: closes its connection on every node', () => expectEnds());

      test('ASVS 7.4.1: does so after the store was restarted, and sessions outlive that', async () => {
        const { client, id, ended } = await establish('a');
        await store.kill();
        for (const name of NODES) while ((await readiness(name)) !== 503) await wait(50);
        await node('a').logged({ event: 'store_unreachable' });
        await store.run();
        for (const name of NODES) while ((await readiness(name)) !== 200) await wait(50);
        await expectEnds();
        expect(
          JSON.parse((await session('list', '--json', '--user', 'user-0', '--after', String(id - 1))).stdout),
        ).toContainEqual(expect.objectContaining({ session_id: id }));
        await session('revoke', '--user', 'user-0');
        expect(await ended).toMatchObject({ sessionId: id });
        expect((await client.closed).code).toBe(4001);
      });
    });
  });
