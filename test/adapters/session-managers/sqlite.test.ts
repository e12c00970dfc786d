import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, test } from '@jest/globals';
import { sqliteSessionManager } from '../../../src/adapters/session-managers/sqlite.js';
import { type MakeManager, sessionManagerContract } from '../../../src/testing/session-manager-contract.js';

const folder = mkdtempSync(join(tmpdir(), 'session-init-sqlite-'));
afterAll(() => rmSync(folder, { recursive: true }));

let databases = 0;
const attach: MakeManager = (options) => sqliteSessionManager({ ...options, path: join(folder, `${databases}.db`) });
const create: MakeManager = (options) => {
  databases += 1;
  return attach(options);
};

describe('sqliteSessionManager keeps the contract', () => {
  for (const { name, run } of sessionManagerContract({ create, attach })) test(name, run);
});
