import { describe, test } from '@jest/globals';
import { transportContract } from '../../../src/testing/index.js';
import { webSocketUnderTest } from '../../support/web-socket-under-test.js';

describe('webSocketTransport keeps the contract of a transport', () => {
  for (const { name, run } of transportContract({ create: webSocketUnderTest })) test(name, run, 30_000);
});
