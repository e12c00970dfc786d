import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { GuessStore } from '../../../src/adapters/guess-store.js';
import { postgresGuessStore } from '../../../src/adapters/session-managers/postgres/guess-store.js';
import { redisGuessStore } from '../../../src/adapters/session-managers/redis/guess-store.js';
import { type Clock, systemClock } from '../../../src/model/clock.js';
import { rulesOf } from '../../support/guess-store-model.js';
import { ACCOUNT, Postgres } from '../../support/postgres.js';
import { Redis } from '../../support/redis.js';
import { describeWith, postgresql, redisServer } from '../../support/requires.js';

const NODE = fileURLToPath(new URL('../../fixtures/guess.mjs', import.meta.url));

/** A process that runs `test/fixtures/guess.mjs`. */
class GuessingNode {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(settings: object) {
    this.#process = spawn(process.execPath, [NODE, JSON.stringify(settings)], { stdio: ['pipe', 'pipe', 'inherit'] });
    const { stdout } = this.#process;
    if (stdout === null) throw new Error('Its output is not to be had.');
    this.#lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  }

  async says(): Promise<string> {
    return (await this.#lines.next()).value;
  }

  begin(): void {
    this.#process.stdin?.write('go\n');
  }

  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill('SIGKILL');
    await once(this.#process, 'exit');
  }
}

/** What runs several processes on one store. */
function nodesShare(name: string, options: () => object, make: (options: object) => GuessStore): void {
  const nodes: GuessingNode[] = [];
  afterEach(async () => {
    for (const node of nodes.splice(0)) await node.kill();
  });

  async function start(count: number, settings: object): Promise<GuessingNode[]> {
    for (let number = 0; number < count; number++) nodes.push(new GuessingNode({ store: name, ...settings }));
    for (const node of nodes) expect(await node.says()).toBe('ready');
    for (const node of nodes) node.begin();
    return nodes;
  }

  test('P8: four processes guess at one account: no more guesses than the limit reach the authenticators', async () => {
    const settings = { options: options(), maxFailures: 20, attempts: 60, hangs: false };
    const told = (await start(4, settings)).map(async (node) => JSON.parse(await node.says()));
    let asked = 0;
    const codes: Record<string, number> = {};
    for (const node of await Promise.all(told)) {
      asked += node.asked;
      for (const [code, count] of Object.entries<number>(node.codes)) codes[code] = (codes[code] ?? 0) + count;
    }
    expect(asked).toBe(20);
    expect(codes).toEqual({ authentication_denied: 20, locked: 220 });
  });

  test('P7: a process is killed with attempts under way: they lock nobody out, and their places are free again', async () => {
    const settings = { options: { ...options(), timeFrom: 'clock' }, maxFailures: 3, attempts: 3, hangs: true };
    const [node] = await start(1, settings);
    expect(await node?.says()).toBe('hanging');
    await node?.kill();
    const attempt = { rules: { ...rulesOf('account', 3), maxFailuresAtKnown: 3 }, key: 'alice', from: 'elsewhere' };
    const [now, later] = [systemClock, ahead(600_000)].map((clock) => make({ ...options(), timeFrom: 'clock', clock }));
    expect(await now?.reserve(attempt)).toMatchObject({ outcome: 'busy' });
    for (const outcome of ['reserved', 'reserved', 'reserved', 'busy']) {
      expect(await later?.reserve(attempt)).toMatchObject({ outcome });
    }
    await now?.close?.();
    await later?.close?.();
  });
}

function ahead(milliseconds: number): Clock {
  return { ...systemClock, now: () => Date.now() + milliseconds };
}

describeWith(redisServer, 'guesses that nodes share in Redis', () => {
  let redis: Redis;
  let prefixes = 0;
  beforeAll(async () => {
    redis = await Redis.start();
  });
  afterEach(() => void prefixes++);
  afterAll(() => redis.stop());
  nodesShare(
    'redis',
    () => ({ url: redis.url, prefix: `nodes-${prefixes}`, timeout: 60_000 }),
    (options) => redisGuessStore(options as never),
  );
});

describeWith(postgresql, 'guesses that nodes share in PostgreSQL', () => {
  let postgres: Postgres;
  let schemas = 0;
  beforeAll(async () => {
    postgres = await Postgres.start();
    await postgres.sql(`GRANT CREATE ON DATABASE postgres TO ${ACCOUNT.user}`);
  });
  afterEach(() => void schemas++);
  afterAll(() => postgres.stop());
  nodesShare(
    'postgres',
    () => ({
      ...ACCOUNT,
      host: '127.0.0.1',
      port: postgres.port,
      database: 'postgres',
      schema: `nodes_${schemas}`,
      maxConnections: 8,
      timeout: 60_000,
    }),
    (options) => postgresGuessStore(options as never),
  );
});
