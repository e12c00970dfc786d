import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { loadIoredis } from '../../../../src/adapters/redis-client/load-ioredis.js';
import { openClient, type RedisClient } from '../../../../src/adapters/redis-client/open-client.js';
import { readServer } from '../../../../src/adapters/redis-client/server-options.js';
import { SessionLifetime, type SessionLimitPolicy } from '../../../../src/adapters/session-lifetime.js';
import { bucketSessions } from '../../../../src/adapters/session-managers/redis/bucket-sessions.js';
import { inCluster } from '../../../../src/adapters/session-managers/redis/in-cluster.js';
import { bucketOf, hashedSecret, Keys } from '../../../../src/adapters/session-managers/redis/keys.js';
import { clusterScripts } from '../../../../src/adapters/session-managers/redis/lua/cluster-scripts.js';
import type { RedisSessions } from '../../../../src/adapters/session-managers/redis/redis-sessions.js';
import { readSession } from '../../../../src/adapters/session-managers/redis/stored-session.js';
import { newSessionSecret } from '../../../../src/adapters/session-secret.js';
import type { Secret } from '../../../../src/model/secret.js';
import { type SimulatedClock, simulatedClock } from '../../../../src/testing/simulated-clock.js';
import { Redis } from '../../../support/redis.js';
import { describeWith, redisServer } from '../../../support/requires.js';

const LIMIT = 2;
const TIMEOUT = 1_000;
const IDLE = 60_000;
const AFTER_EVERY_LEASE = 2 * TIMEOUT + 2_001;
const NOBODY_GIVES_UP = { throwIfAborted() {} };

/** A script that a node has sent, and that has not reached the server yet. */
interface Sent {
  readonly node: Node;
  /** Runs it, and gives the node its answer unless that is dead by then. */
  arrive(): Promise<void>;
}

/** A process of a service, which can be killed between any two things that happen. */
interface Node {
  readonly sessions: RedisSessions;
  readonly client: RedisClient;
  isDead: boolean;
}

/** One store, some nodes, and everything that is on its way between them. */
class World {
  readonly clock: SimulatedClock = simulatedClock();
  readonly sent: Sent[] = [];
  /** What is done after an answer, and is tried again if it fails. */
  readonly background: (() => Promise<unknown>)[] = [];
  readonly secrets: Secret[] = [];
  readonly ids = new Set<number>();
  readonly #server: RedisClient;
  readonly #keys: Keys;
  readonly #policy: SessionLimitPolicy;
  #nodes = 0;

  constructor(server: RedisClient, name: string, policy: SessionLimitPolicy) {
    this.#server = server;
    this.#keys = new Keys(name);
    this.#policy = policy;
  }

  node(): Node {
    const { clock } = this;
    const around = {
      keys: this.#keys,
      lifetime: new SessionLifetime({ limitPolicy: this.#policy, maxSessionsPerUser: LIMIT, idleTimeout: IDLE }),
      node: `node-${this.#nodes++}`,
      timeFrom: 'clock' as const,
      timeout: TIMEOUT,
      lease: 2 * TIMEOUT + 2_000,
      isCluster: true,
      now: () => clock.now(),
      inBackground: (work: () => Promise<unknown>) => {
        this.background.push(work);
        work().catch(() => {});
      },
    };
    for (const [name, script] of Object.entries(clusterScripts(around))) this.#server.defineCommand(name, script);
    const node = { isDead: false, sessions: bucketSessions(around, inCluster(around)) };
    return Object.assign(node, { client: this.#gated(node as Node) });
  }

  /** A client whose scripts go on their way, and arrive when the world lets them. */
  #gated(node: Node): RedisClient {
    return new Proxy(this.#server, {
      get: (server, name) => {
        const value: unknown = Reflect.get(server, name, server);
        if (typeof value !== 'function') return value;
        if (!String(name).startsWith('sessionInit')) return value.bind(server);
        return (...args: unknown[]) =>
          new Promise((resolve, reject) => {
            if (node.isDead) return;
            this.sent.push({
              node,
              arrive: async () => {
                const answer: Promise<unknown> = value.apply(server, args);
                await answer.then(
                  (result) => !node.isDead && resolve(result),
                  (error) => !node.isDead && reject(error),
                );
                await turn();
              },
            });
          });
      },
    });
  }

  /** Begins a creation, and comes back when its first step is on its way. */
  async create(node: Node): Promise<{ outcome?: string }> {
    const secret = newSessionSecret();
    this.secrets.push(secret);
    const creation: { outcome?: string } = {};
    node.sessions.create(node.client, { user: 'alice', ipAddress: '192.0.2.1' }, secret, NOBODY_GIVES_UP).then(
      (made) => {
        creation.outcome = made.outcome;
        if (made.outcome === 'created') this.ids.add(made.session.session_id);
      },
      (error: Error) => {
        creation.outcome = error.name;
      },
    );
    await turn();
    return creation;
  }

  async arriveAll(): Promise<void> {
    for (let next = this.sent.shift(); next !== undefined; next = this.sent.shift()) {
      await next.arrive();
      await this.assertLimit();
    }
  }

  /** A number stays among those of the user whose session was dropped while the slot of its bucket moved. */
  async leaveBehind(number: number): Promise<void> {
    await this.#server.zadd(this.#keys.ofUser(bucketOf('alice'), 'alice'), number, number);
  }

  /** The secrets that open a session now. */
  async valid(): Promise<Secret[]> {
    if (this.secrets.length === 0) return [];
    const texts = await this.#server.mget(this.secrets.map((secret) => this.#keys.secret(hashedSecret(secret))));
    const found = texts.map(readSession);
    return this.secrets.filter((_, i) => Number(found[i]?.last_accessed) + IDLE > this.clock.now());
  }

  async assertLimit(): Promise<void> {
    const most = this.#policy === 'reuse' ? 1 : LIMIT;
    expect((await this.valid()).length).toBeLessThanOrEqual(most);
  }

  /** What is left when every lease is over and somebody has looked: sessions with a secret, and nothing else. */
  async assertNothingHalfMade(): Promise<void> {
    const bucket = bucketOf('alice');
    const ofUser = this.#keys.ofUser(bucket, 'alice');
    for (const key of [...this.#keys.bucket(bucket), ofUser]) expect(await this.#server.pttl(key)).not.toBe(-1);
    this.clock.increment(AFTER_EVERY_LEASE);
    const survivor = this.node();
    const sweep = survivor.sessions.removeExpired(survivor.client, 100);
    for (let done = false; !done; ) {
      await turn();
      await this.arriveAll();
      done = this.sent.length === 0 && (await Promise.race([sweep.then(() => true), turn().then(() => false)]));
    }
    await this.arriveAll();
    const valid = (await this.valid()).map((secret) => hashedSecret(secret));
    const [, ids, ends, pending] = this.#keys.bucket(bucket) as [string, string, string, string];
    const known = await this.#server.zrange(ids, '0', '-1');
    expect(known.map((member) => member.slice(0, 43)).toSorted()).toEqual(valid.toSorted());
    expect(await this.#server.zcard(ends)).toBe(valid.length);
    expect(await this.#server.zcard(ofUser)).toBe(valid.length);
    expect(await this.#server.hlen(pending)).toBe(0);
  }
}

/** Lets everything go on that can, before something else arrives. */
async function turn(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}

describeWith(redisServer, 'the steps of a creation in a cluster', () => {
  let redis: Redis;
  let server: RedisClient;
  beforeAll(async () => {
    redis = await Redis.start();
    // The steps are the same wherever the keys are; one server has them all without the time that a cluster takes.
    server = openClient(await loadIoredis('a test'), readServer({ url: redis.url }), {});
  });
  afterAll(async () => {
    server.disconnect();
    await redis.stop();
  });

  let worlds = 0;
  const world = (policy: SessionLimitPolicy) => new World(server, `world-${worlds++}`, policy);

  /** A session whose secret is valid, and what says so to its bucket, which has not come there yet. */
  async function unsettled() {
    const here = world('refuse');
    const node = here.node();
    await here.create(node);
    await here.sent.shift()?.arrive();
    await here.sent.shift()?.arrive();
    const [id = 0] = here.ids;
    return { here, node, id, settling: here.sent.splice(0) };
  }

  describe.each(['evictOldest', 'reuse', 'refuse'] as const)('ASVS 2.3.3: %s, cut off', (policy) => {
    /** As many sessions as there may be, and a creation that makes its way. */
    async function began() {
      const here = world(policy);
      for (let i = 0; i < (policy === 'evictOldest' ? LIMIT : LIMIT - 1); i++) {
        await here.create(here.node());
        await here.arriveAll();
      }
      return { here, node: here.node() };
    }

    test.each([
      ['before it arrives', false],
      ['before its answer is there', true],
    ])('at any step %s, leaves nothing valid that should not be, and nothing for long', async (_, hasArrived) => {
      for (let cutAt = 0; ; cutAt++) {
        const { here, node } = await began();
        const creation = await here.create(node);
        let steps = 0;
        while (here.sent.length > 0 && steps < cutAt) {
          await here.sent.shift()?.arrive();
          await here.assertLimit();
          steps += 1;
        }
        if (here.sent.length === 0) {
          expect(creation.outcome).toBe('created');
          expect(cutAt).toBeGreaterThan(2);
          break;
        }
        node.isDead = true;
        const lost = here.sent.splice(0);
        if (hasArrived) await lost[0]?.arrive();
        await here.assertLimit();
        // Others go on at once, and while the lease lasts.
        const other = here.node();
        await here.create(other);
        await here.arriveAll();
        await here.assertNothingHalfMade();
        // The place of the one that never came about is free.
        const isFull = policy === 'refuse' && (await here.valid()).length === LIMIT;
        const next = await here.create(other);
        await here.arriveAll();
        expect(next.outcome).toBe(isFull ? 'limitReached' : 'created');
        // What was on its way all the time, and comes when nobody expects it any more.
        for (const late of lost) await late.arrive();
        await here.assertLimit();
      }
    });
  });

  test('a session that is removed while it gets a fresh secret has none after that', async () => {
    const here = world('reuse');
    await here.create(here.node());
    await here.arriveAll();
    const [id = 0] = here.ids;
    await here.create(here.node());
    await here.sent.shift()?.arrive();
    const fresh = here.sent.splice(0);
    const other = here.node();
    const removal = other.sessions.remove(other.client, id);
    await turn();
    await here.arriveAll();
    expect(await removal).toBe(true);
    expect(await here.valid()).toEqual([]);
    here.sent.push(...fresh);
    await here.arriveAll();
    expect(await here.valid()).toEqual([]);
    await here.assertNothingHalfMade();
  });

  test('a removal that is cut off has taken place in the end, though what was created is only now said to be whole', async () => {
    const { here, id, settling } = await unsettled();
    const remover = here.node();
    remover.sessions.remove(remover.client, id).catch(() => {});
    await turn();
    await here.sent.shift()?.arrive();
    const ending = here.sent.splice(0);
    remover.isDead = true;
    for (const late of [...settling, ...ending]) await late.arrive();
    await here.assertNothingHalfMade();
    expect(await here.valid()).toEqual([]);
  });

  test('what is settled at a second attempt lasts as long as a session that was used meanwhile', async () => {
    const { here, node, id } = await unsettled();
    here.clock.increment(1_000);
    node.sessions.refresh(node.client, id).catch(() => {});
    await turn();
    await here.arriveAll();
    here.background
      .shift()?.()
      .catch(() => {});
    await here.arriveAll();
    here.clock.increment(IDLE - 500);
    for (let i = 0; i < LIMIT; i++) {
      await here.create(node);
      await here.arriveAll();
    }
    expect(await here.valid()).toHaveLength(LIMIT);
    await here.assertNothingHalfMade();
  });

  test('a creation that is given up does not end the session that has got a fresh secret since', async () => {
    const here = world('reuse');
    const [slow, fast] = [here.node(), here.node()];
    let isGivenUp = false;
    const call = {
      throwIfAborted() {
        if (isGivenUp) throw new Error('given up');
      },
    };
    const given = slow.sessions.create(
      slow.client,
      { user: 'alice', ipAddress: '192.0.2.1' },
      newSessionSecret(),
      call,
    );
    given.catch(() => {});
    await turn();
    await here.sent.shift()?.arrive();
    const activation = here.sent.splice(0);
    await here.create(fast);
    await here.arriveAll();
    isGivenUp = true;
    here.sent.push(...activation);
    await here.arriveAll();
    await expect(given).rejects.toThrow('given up');
    await here.arriveAll();
    await here.assertNothingHalfMade();
    expect(await here.valid()).toHaveLength(1);
  });

  test.each<[SessionLimitPolicy, number]>([
    ['evictOldest', 2],
    ['refuse', 2],
    ['reuse', 1],
  ])('what a moving slot has left behind takes no place of a session: %s', async (policy, most) => {
    const here = world(policy);
    await here.create(here.node());
    await here.arriveAll();
    await here.leaveBehind(7);
    await here.leaveBehind(here.clock.now() + 1_000);
    const second = await here.create(here.node());
    await here.arriveAll();
    expect(second.outcome).toBe('created');
    expect(await here.valid()).toHaveLength(most);
    await here.assertNothingHalfMade();
  });

  test('whatever arrives in whatever order, and whoever is killed, the limit holds and nothing is left half-made', async () => {
    const policy = fc.constantFrom<SessionLimitPolicy>('evictOldest', 'reuse', 'refuse');
    const happening = fc.oneof(
      { weight: 6, arbitrary: fc.record({ is: fc.constant('arrival' as const), which: fc.nat(20) }) },
      { weight: 3, arbitrary: fc.record({ is: fc.constant('creation' as const), which: fc.nat(2) }) },
      { weight: 1, arbitrary: fc.record({ is: fc.constant('removal' as const), which: fc.nat(2) }) },
      { weight: 1, arbitrary: fc.record({ is: fc.constant('refresh' as const), which: fc.nat(2) }) },
      { weight: 1, arbitrary: fc.record({ is: fc.constant('kill' as const), which: fc.nat(2) }) },
      { weight: 1, arbitrary: fc.record({ is: fc.constant('time' as const), which: fc.constantFrom(10, 900, 4_001) }) },
    );
    await fc.assert(
      fc.asyncProperty(
        policy,
        fc.array(happening, { minLength: 20, maxLength: 60 }),
        async (limitPolicy, happenings) => {
          const here = world(limitPolicy);
          const nodes = [here.node(), here.node(), here.node()];
          for (const { is, which } of happenings) {
            const node = nodes[which] as Node;
            const [id = 1] = [...here.ids].slice(which % Math.max(here.ids.size, 1));
            if (is === 'arrival') {
              const [next] = here.sent.splice(which % Math.max(here.sent.length, 1), 1);
              await next?.arrive();
            } else if (is === 'creation') await here.create(node);
            else if (is === 'removal') node.sessions.remove(node.client, id).catch(() => {});
            else if (is === 'refresh') node.sessions.refresh(node.client, id).catch(() => {});
            else if (is === 'time') here.clock.increment(which);
            else {
              node.isDead = true;
              nodes[which] = here.node();
            }
            await here.assertLimit();
          }
          await here.arriveAll();
          await here.assertNothingHalfMade();
        },
      ),
      { numRuns: 40 },
    );
  }, 60_000);
});
