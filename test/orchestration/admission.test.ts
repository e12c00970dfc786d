import { describe, expect, test } from '@jest/globals';
import { ConfigurationError } from '../../src/model/errors.js';
import { Slots } from '../../src/model/slots.js';
import { Admission } from '../../src/orchestration/admission.js';
import type { Throttle } from '../../src/orchestration/throttle.js';
import { InitWorld, type Script } from '../support/init-world.js';
import { YES } from '../support/scripted-backends.js';

const slow = () => ({ authentication: { ...YES, after: 100 }, authorization: YES, session: YES });

describe('bounded in flight, with a bounded queue', () => {
  test('what does not fit is refused at once, with a retry hint', async () => {
    const world = new InitWorld(slow, { maxInFlight: 2, maxQueued: 3 });
    for (let user = 0; user < 8; user++) world.init(`user-${user}`);
    await world.clock.advance(0);
    expect(world.answers.map(({ data }) => data)).toEqual(
      Array(3).fill(expect.objectContaining({ reason: 'OTHER', code: 'overloaded', retry_after: 1 })),
    );
    expect(world.log.entries).toEqual([]);
    await world.comeToRest();
    world.checkPromises();
    expect(world.records.filter(({ state }) => state === 'authorized')).toHaveLength(5);
  });

  test('the queue is served in order, and no more than fit run at once', async () => {
    const world = new InitWorld(slow, { maxInFlight: 2, maxQueued: 10 });
    for (let user = 0; user < 6; user++) world.init(`user-${user}`);
    await world.clock.advance(99);
    expect(world.answers).toEqual([]);
    await world.clock.advance(1);
    expect(world.records.map(({ username }) => username)).toEqual(['user-0', 'user-1']);
    await world.clock.advance(100);
    expect(world.records.map(({ username }) => username)).toEqual(['user-0', 'user-1', 'user-2', 'user-3']);
    await world.comeToRest();
    world.checkPromises();
  });

  test('a wait that is too long is an overload too', async () => {
    const world = new InitWorld(() => ({ ...slow(), authentication: { ...YES, after: undefined } }), {
      maxInFlight: 1,
      throttle: false,
    });
    world.init('first');
    world.init('second');
    await world.clock.advance(500);
    expect(world.records.map(({ username, code }) => [username, code])).toEqual([
      ['second', 'overloaded'],
      ['first', 'auth_attempt_timeout'],
    ]);
  });

  test('who leaves the queue gives way to the next', async () => {
    const world = new InitWorld(slow, { maxInFlight: 1, maxQueued: 10 });
    const caller = new AbortController();
    world.init('first');
    world.init('second', caller.signal);
    world.init('third');
    await world.clock.advance(50);
    caller.abort();
    await world.clock.advance(150);
    expect(world.records.map(({ username, code }) => [username, code])).toEqual([
      ['second', 'cancelled'],
      ['first', undefined],
      ['third', undefined],
    ]);
    await world.comeToRest();
    world.checkPromises();
  });

  test('places are given back whatever became of an init', async () => {
    let script: Script = slow();
    const world = new InitWorld(() => script, { maxInFlight: 1, maxQueued: 0, throttle: false });
    for (const authentication of [
      { ...YES, after: undefined },
      {
        ...YES,
        answer: () => {
          throw new Error('down');
        },
      },
      { ...YES, answer: (_: unknown, no: () => unknown) => no() },
    ]) {
      script = { ...slow(), authentication };
      world.init('alice');
      await world.clock.advance(2_000);
    }
    world.init('alice', AbortSignal.abort());
    await world.clock.advance(0);
    script = slow();
    world.init('alice');
    await world.comeToRest();
    expect(world.records.at(-1)?.state).toBe('authorized');
  });

  test.each([{ maxInFlight: 0 }, { maxInFlight: 1.5 }, { maxQueued: -1 }, { maxQueued: Number.NaN }])(
    '%p is refused',
    (options) => {
      expect(() => new InitWorld(slow, options)).toThrow(ConfigurationError);
    },
  );
});

describe('ASVS 16.5.3: a throttle that does not work lets nobody in', () => {
  const request = { referenceId: 'r', username: 'alice', ipAddress: '192.0.2.1' };
  const admissionWith = (reserve: Throttle['reserve'], faults: unknown[] = []) =>
    new Admission({ maxInFlight: 1 }, { reserve } as Throttle, (cause) => faults.push(cause));

  test('it throws', async () => {
    const admission = admissionWith(async () => Promise.reject(new Error('store down')));
    await expect(admission.admit(request, new AbortController())).rejects.toThrow('store down');
    admission.leave('r', 'withdrawn');
    expect(admission.size).toBe(0);
  });

  test('an outcome that cannot be counted is reported, and harms no init', async () => {
    const faults: unknown[] = [];
    const settle = async () => Promise.reject(new Error('store down'));
    const admission = admissionWith(async () => ({ outcome: 'reserved', settle }), faults);
    expect(await admission.admit(request, new AbortController())).toEqual({ outcome: 'admitted' });
    admission.leave('r', 'denied');
    await new Promise(setImmediate);
    expect(faults).toEqual([expect.objectContaining({ message: 'store down' })]);
  });

  test('an init that has left meanwhile keeps neither its attempt nor a place', async () => {
    const verdicts: string[] = [];
    let reserve: () => void = () => {};
    const admission = admissionWith(
      () =>
        new Promise((resolve) => {
          reserve = () => resolve({ outcome: 'reserved', settle: async (verdict) => void verdicts.push(verdict) });
        }),
    );
    const left = admission.admit(request, new AbortController());
    admission.leave('r', 'withdrawn');
    reserve();
    await left;
    expect(verdicts).toEqual(['withdrawn']);
    const next = admission.admit({ ...request, referenceId: 's' }, new AbortController());
    reserve();
    expect(await next).toEqual({ outcome: 'admitted' });
  });
});

describe('slots', () => {
  test('an aborted signal waits for no place', async () => {
    const slots = new Slots(1);
    await slots.acquire(new AbortController());
    await expect(slots.acquire({ signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow('gone');
  });

  test('a place that is given back goes to who waits longest, else it is free', async () => {
    const slots = new Slots(1);
    const caller = new AbortController();
    const order: number[] = [];
    await slots.acquire(caller);
    const waiting = [1, 2].map((who) => slots.acquire(caller).then(() => order.push(who)));
    slots.release();
    slots.release();
    await Promise.all(waiting);
    expect(order).toEqual([1, 2]);
    slots.release();
    await slots.acquire(caller);
  });
});
