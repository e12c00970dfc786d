import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { redisSessionManager } from '../../../src/adapters/session-managers/redis.js';
import { type MakeManager, sessionManagerContract } from '../../../src/testing/session-manager-contract.js';
import { Redis } from '../../support/redis.js';
import { describeWith, redisServer } from '../../support/requires.js';

describeWith(redisServer, 'redisSessionManager on one server', () => {
  let redis: Redis;
  beforeAll(async () => {
    redis = await Redis.start();
  });
  afterAll(() => redis.stop());

  let stores = 0;
  const attach: MakeManager = (options) =>
    redisSessionManager({ ...options, url: redis.url, prefix: `store-${stores}`, timeFrom: 'clock' });
  const create: MakeManager = (options) => {
    stores += 1;
    return attach(options);
  };

  describe('keeps the contract', () => {
    for (const { name, run } of sessionManagerContract({ create, attach })) test(name, run);
  });
});
