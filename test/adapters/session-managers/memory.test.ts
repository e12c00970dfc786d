import { describe, test } from '@jest/globals';
import { memorySessionManager } from '../../../src/adapters/session-managers/memory.js';
import { sessionManagerContract } from '../../../src/testing/session-manager-contract.js';

describe('memorySessionManager keeps the contract', () => {
  for (const { name, run } of sessionManagerContract({ create: memorySessionManager })) test(name, run);
});
