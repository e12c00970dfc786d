import { describe, expect, test } from '@jest/globals';
import * as jose from 'jose';
import { fetchedKeys } from '../../../../src/adapters/authenticators/jwt/fetched-keys.js';
import { BackendFaultError } from '../../../../src/model/errors.js';
import { simulatedClock } from '../../../../src/testing/simulated-clock.js';

const { publicKey } = await jose.generateKeyPair('ES256', { extractable: true });
const key = await jose.exportJWK(publicKey);
const signal = new AbortController().signal;

/** An issuer that answers when it is told to. */
function world() {
  const clock = simulatedClock();
  const failures: unknown[] = [];
  /** When each fetch came, in milliseconds from the start. */
  const fetches: number[] = [];
  const start = clock.monotonic();
  let answer: () => Promise<unknown> = async () => ({ keys: [{ ...key, kid: `key-${fetches.length}` }] });
  const keys = fetchedKeys({
    name: 'jwt',
    clock,
    maxAge: 600_000,
    cooldown: 2_000,
    fetchKeySet: () => {
      fetches.push(clock.monotonic() - start);
      return answer();
    },
    loadJose: async () => jose,
    onFailure: (error) => failures.push(error),
  });
  const current = async () => keys.atHand() ?? keys.refresh();
  const has = async (kid: string) => {
    const { find } = await current();
    return find({ alg: 'ES256', kid }).then(
      () => true,
      () => false,
    );
  };
  const says = (next: typeof answer) => {
    answer = next;
  };
  return { clock, failures, fetches, keys, current, has, says };
}

const down = () => Promise.reject(new BackendFaultError('down'));

describe('keys that an issuer publishes', () => {
  test('are fetched once for all who ask at first, and kept', async () => {
    const { fetches, has, clock } = world();
    expect(await Promise.all(Array.from({ length: 100 }, () => has('key-1')))).not.toContain(false);
    clock.increment(299_999);
    expect(await has('key-1')).toBe(true);
    expect(fetches).toEqual([0]);
  });

  test('are fetched anew in the background at half their age, without a call that waits', async () => {
    const { fetches, keys, current, clock } = world();
    await current();
    clock.increment(300_000);
    expect(keys.atHand()).toBe(keys.atHand());
    expect(keys.atHand()).toBeDefined();
    await clock.advance(0);
    expect(fetches).toEqual([0, 300_000]);
  });

  test('serve while the issuer is down, to the end of their age and no longer; then the issuer is at fault', async () => {
    const { fetches, failures, has, says, current, clock } = world();
    await has('key-1');
    says(down);
    for (let minute = 1; minute < 10; minute += 1) {
      await clock.advance(60_000);
      expect(await has('key-1')).toBe(true);
    }
    await clock.advance(60_000);
    await expect(current()).rejects.toBeInstanceOf(BackendFaultError);
    expect(fetches).toEqual([0, ...[5, 6, 7, 8, 9, 10].map((minute) => minute * 60_000)]);
    expect(failures).toHaveLength(1);
  });

  test('are there again as soon as the issuer is, and the next outage is told anew', async () => {
    const { failures, has, says, keys, current, clock } = world();
    says(down);
    await expect(current()).rejects.toBeInstanceOf(BackendFaultError);
    says(async () => ({ keys: [{ ...key, kid: 'new' }] }));
    const found = has('new');
    await clock.advance(2_000);
    expect(await found).toBe(true);
    says(down);
    const refreshed = keys.refresh();
    const failed = expect(refreshed).rejects.toBeInstanceOf(BackendFaultError);
    await clock.advance(2_000);
    await failed;
    expect(failures).toHaveLength(2);
  });

  test('a thousand calls that want newer ones start one fetch in a cool-down', async () => {
    const { fetches, keys, current, clock } = world();
    await current();
    const refreshes: Promise<unknown>[] = [];
    for (let step = 0; step < 100; step += 1) {
      for (let call = 0; call < 10; call += 1) refreshes.push(keys.refresh());
      await clock.advance(100);
    }
    await clock.advance(2_000);
    await Promise.all(refreshes);
    expect(fetches).toEqual([0, 2_000, 4_000, 6_000, 8_000, 10_000]);
  });

  test('a fetch that takes long is not started twice, and an older answer does not replace a newer one', async () => {
    const { fetches, keys, has, says, clock } = world();
    let answerLate: (keySet: unknown) => void = () => {};
    says(() => new Promise((resolve) => (answerLate = resolve)));
    const refreshed = keys.refresh();
    await clock.advance(10_000);
    expect(fetches).toEqual([0]);
    says(async () => ({ keys: [{ ...key, kid: 'newer' }] }));
    await keys.probe({ signal });
    answerLate({ keys: [{ ...key, kid: 'older' }] });
    await refreshed;
    expect([await has('newer'), await has('older')]).toEqual([true, false]);
  });

  test.each([
    null,
    'keys',
    [],
    {},
    { keys: null },
    { keys: [] },
    { keys: ['key'] },
    { keys: [null] },
    { keys: { 0: {} } },
  ])('%j is no set of keys: a fault, and those at hand stay', async (garbage) => {
    const { failures, has, says, keys, clock } = world();
    await has('key-1');
    says(async () => garbage);
    const failed = expect(keys.refresh()).rejects.toBeInstanceOf(BackendFaultError);
    await clock.advance(2_000);
    await failed;
    expect(await has('key-1')).toBe(true);
    expect(failures).toHaveLength(1);
  });

  test('closing ends a cool-down that somebody waits for, and leaves no timer', async () => {
    const { keys, current, clock } = world();
    await current();
    const refreshed = keys.refresh();
    expect(clock.pending).toBe(1);
    keys.close();
    await expect(refreshed).rejects.toMatchObject({ code: 'closed' });
    await expect(keys.refresh()).rejects.toMatchObject({ code: 'closed' });
    expect(clock.pending).toBe(0);
  });

  test('what closing ends is no failure of the issuer', async () => {
    const { failures, keys, says } = world();
    says(() => new Promise((_, reject) => setImmediate(() => reject(new Error('aborted')))));
    const refreshed = keys.refresh();
    keys.close();
    await expect(refreshed).rejects.toMatchObject({ code: 'closed' });
    expect(failures).toEqual([]);
  });
});
