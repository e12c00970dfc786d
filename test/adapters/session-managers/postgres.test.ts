import { afterAll, beforeAll, test } from '@jest/globals';
import { postgresSessionManager } from '../../../src/adapters/session-managers/postgres.js';
import { type MakeManager, sessionManagerContract } from '../../../src/testing/session-manager-contract.js';
import { ACCOUNT, Postgres } from '../../support/postgres.js';
import { describeWith, postgresql } from '../../support/requires.js';

describeWith(postgresql, 'postgresSessionManager keeps the contract', () => {
  let postgres: Postgres;
  let schemas = 0;

  beforeAll(async () => {
    postgres = await Postgres.start();
    await postgres.sql(`GRANT CREATE ON DATABASE postgres TO ${ACCOUNT.user}`);
  }, 60_000);
  afterAll(() => postgres?.stop());

  const attach: MakeManager = (options) =>
    postgresSessionManager({
      ...options,
      ...ACCOUNT,
      host: postgres.folder,
      port: postgres.port,
      database: 'postgres',
      schema: `store_${schemas}`,
      timeFrom: 'clock',
    });
  const create: MakeManager = (options) => {
    schemas += 1;
    return attach(options);
  };

  for (const { name, run } of sessionManagerContract({ create, attach, parallelCalls: 300 })) test(name, run, 30_000);
});
