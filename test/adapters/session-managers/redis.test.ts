import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { redisSessionManager } from '../../../src/adapters/session-managers/redis.js';
import { type MakeManager, sessionManagerContract } from '../../../src/testing/session-manager-contract.js';
import { Redis, RedisCluster } from '../../support/redis.js';
import { describeWith, redisServer } from '../../support/requires.js';

type Where = Pick<Parameters<typeof redisSessionManager>[0], 'url' | 'cluster' | 'layout'>;

function keepsTheContract(where: (store: number) => Where, parallelCalls: number) {
  let stores = 0;
  const attach: MakeManager = (options) =>
    redisSessionManager({ ...options, ...where(stores), prefix: `store-${stores}`, timeFrom: 'clock' });
  const create: MakeManager = (options) => {
    stores += 1;
    return attach(options);
  };
  describe('keeps the contract', () => {
    for (const { name, run } of sessionManagerContract({ create, attach, parallelCalls })) test(name, run);
  });
}

describeWith(redisServer, 'redisSessionManager on one server', () => {
  let redis: Redis;
  beforeAll(async () => {
    redis = await Redis.start();
  });
  afterAll(() => redis.stop());

  keepsTheContract(() => ({ url: redis.url }), 500);
});

describeWith(redisServer, 'redisSessionManager in a cluster', () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await RedisCluster.start();
  }, 60_000);
  afterAll(() => cluster.stop());

  keepsTheContract(() => ({ cluster: cluster.urls }), 200);
});

describeWith(redisServer, 'redisSessionManager in the layout of DMOD', () => {
  let redis: Redis;
  beforeAll(async () => {
    redis = await Redis.start('--databases', '200');
  });
  afterAll(() => redis.stop());

  keepsTheContract((store) => ({ url: `${redis.url}/${store}`, layout: 'dmod' }), 200);
});
