import { describe, expect, test } from '@jest/globals';
import { hashingQueue } from '../../../src/adapters/password-hashes/hashing-queue.js';
import type { SecretHash } from '../../../src/adapters/password-hashes/secret-hash.js';
import { verifyInTurn } from '../../../src/adapters/password-hashes/verify-in-turn.js';
import { OverloadedError } from '../../../src/model/errors.js';

const SECRET = Buffer.from('marked-user-secret-ü-1');
const SHA: SecretHash = { scheme: 'sha1', encoded: '{SHA}KevVEapnqgzTKE124FbHWU8Raxg=', weak: true };
const APR1: SecretHash = { scheme: 'apr1', encoded: '$apr1$bHrrQc79$2pJn8pu/sA7RqaIr8UhiP1', weak: true };

/** A queue in which nobody else has a turn. */
function fullQueue() {
  const queue = hashingQueue({ concurrency: 1, maxQueued: 0 });
  let end = () => {};
  const running = queue(() => new Promise<void>((resolve) => (end = resolve)), new AbortController());
  return {
    queue,
    async empty() {
      end();
      await running;
    },
  };
}

describe('CS Authentication: what is hashed at once is bounded', () => {
  test('but for a single SHA-1, which is over before another could begin', async () => {
    const { queue, empty } = fullQueue();
    const caller = new AbortController();
    await expect(verifyInTurn(queue, APR1, SECRET, caller)).rejects.toBeInstanceOf(OverloadedError);
    expect(await verifyInTurn(queue, SHA, SECRET, caller)).toBe(true);
    expect(await verifyInTurn(queue, SHA, Buffer.from('another'), caller)).toBe(false);
    await empty();
    expect(await verifyInTurn(queue, APR1, SECRET, caller)).toBe(true);
  });

  test.each([SHA, APR1])('nothing is hashed for who has gone: $scheme', async (hash) => {
    const caller = new AbortController();
    caller.abort(new Error('gone'));
    const queue = hashingQueue({ concurrency: 1, maxQueued: 0 });
    const verify = async () => verifyInTurn(queue, hash, SECRET, caller);
    await expect(verify()).rejects.toThrow('gone');
  });
});
