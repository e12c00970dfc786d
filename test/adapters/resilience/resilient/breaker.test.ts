import { getEventListeners } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import type { AuthenticationOutcome } from '../../../../src/adapters/ports.js';
import { BackendFaultError, ClosedError, ConfigurationError, Secret } from '../../../../src/index.js';
import { findSecret } from '../../../../src/testing/find-secret.js';
import { credentials, SECRET, stage } from '../../../support/guarded-backend.js';
import { said, type Word } from '../../../support/said.js';

describe('the circuit breaker', () => {
  test('opens after so many failures in a row, and then answers at once in place of the backend', async () => {
    const { call, changes, backend } = await stage({ breaker: { failures: 3 } });
    for (const word of ['fault', 'fault', 'wrong', 'fault', 'garbage'] as const) await call(word);
    expect(changes).toEqual([]);
    expect(await call('fault')).toBe('corp is down');
    expect(changes).toEqual([{ backend: 'corp', state: 'open', cause: 'backend_fault' }]);
    expect(await call('yes')).toBe('open');
    expect(backend.seen).toHaveLength(6);
  });

  test('by default opens after 5, for 10 s', async () => {
    const { call, states, clock } = await stage();
    for (let failure = 0; failure < 5; failure++) await call('fault');
    expect(states()).toBe('open');
    clock.increment(9_999);
    expect(await call('yes')).toBe('open');
    clock.increment(1);
    expect(await call('yes')).toBe('yes');
    expect(states()).toBe('open halfOpen closed');
  });

  test('counts time-outs as failures', async () => {
    const { call, clock, changes } = await stage({ deadline: 100, breaker: { failures: 2 } });
    const calls = [call('hang'), call('hang')];
    await clock.advance(100);
    expect(await Promise.all(calls)).toEqual(['deadline_exceeded', 'deadline_exceeded']);
    expect(changes).toEqual([{ backend: 'corp', state: 'open', cause: 'deadline_exceeded' }]);
  });

  test('P7: a denial is an answer, and no failure, in whatever number', async () => {
    const { call, states } = await stage({ breaker: { failures: 1 } });
    for (const word of ['wrong', 'unknown', 'no', 'wrong', 'unknown'] as const) expect(await call(word)).toBe('no');
    expect(states()).toBe('');
  });

  test.each<[string, Word | (() => Promise<never>)]>([
    ['an overload', 'overload'],
    ['a defect of the program', 'defect'],
    ['a backend that was closed', () => Promise.reject(new ClosedError('corp'))],
    ['a wrong configuration', () => Promise.reject(new ConfigurationError('wrong'))],
  ])('%s is neither a failure nor an answer', async (_, word) => {
    const { call, states } = await stage({ breaker: { failures: 2 } });
    await call('fault');
    for (let n = 0; n < 5; n++) await call(word);
    expect(states()).toBe('');
    await call('fault');
    expect(states()).toBe('open');
  });

  test('a call that was given up is neither a failure nor an answer', async () => {
    const { call, states, clock } = await stage({ breaker: { failures: 2 }, deadline: 100 });
    await call('fault');
    for (const hangs of ['hang', () => new Promise<never>(() => {})] as const) {
      const caller = new AbortController();
      const answer = call(hangs, caller.signal);
      await clock.advance(10);
      caller.abort(new Error('gone'));
      await clock.advance(100);
      expect(await answer).toBe(hangs === 'hang' ? 'gone' : 'deadline_exceeded');
    }
    expect(states()).toBe('');
    await call('fault');
    expect(states()).toBe('open');
  });

  test('one call tries the backend, and all others are refused at once meanwhile', async () => {
    const { call, states, clock, backend, says } = await stage({ breaker: { failures: 1, openFor: 1_000 } });
    await call('fault');
    clock.increment(1_000);
    let answer = (_: AuthenticationOutcome) => {};
    const trial = call(() => new Promise((resolve) => (answer = resolve)));
    await clock.advance(0);
    says('yes');
    expect(await Promise.all(Array.from({ length: 20 }, () => call()))).toEqual(Array(20).fill('open'));
    expect(backend.seen).toHaveLength(2);
    answer({ outcome: 'denied', cause: 'wrongSecret' });
    expect(await trial).toBe('no');
    expect(states()).toBe('open halfOpen closed');
    expect(await call('yes')).toBe('yes');
  });

  test('one call tries the backend, however many come in the same moment', async () => {
    const { call, clock, backend } = await stage({ breaker: { failures: 1, openFor: 1_000 } });
    await call('fault');
    clock.increment(1_000);
    const calls = Array.from({ length: 20 }, () => call('yes'));
    expect((await Promise.all(calls)).sort()).toEqual([...Array(19).fill('open'), 'yes']);
    expect(backend.seen).toHaveLength(2);
  });

  test.each<[Word, string]>([
    ['fault', 'corp is down'],
    ['garbage', 'backend_fault'],
    ['overload', 'overloaded'],
    ['defect', 'defect'],
  ])('stays open for as long again if the call that tries says %s', async (word, expected) => {
    const { call, states, clock } = await stage({ breaker: { failures: 1, openFor: 1_000 } });
    await call('fault');
    clock.increment(1_000);
    expect(await call(word)).toBe(expected);
    expect(states()).toBe('open halfOpen open');
    clock.increment(999);
    expect(await call('yes')).toBe('open');
    clock.increment(1);
    expect(await call('yes')).toBe('yes');
    expect(await call('yes')).toBe('yes');
  });

  test('the call that tries goes on without its caller: to give it up neither closes the breaker nor leaves it half open', async () => {
    for (const [late, expected] of [
      ['yes', 'open halfOpen closed'],
      ['fault', 'open halfOpen open'],
    ] as const) {
      const { call, states, clock, signals } = await stage({ breaker: { failures: 1, openFor: 1_000 }, deadline: 100 });
      await call('fault');
      clock.increment(1_000);
      let go = () => {};
      const gate = new Promise<void>((resolve) => (go = resolve));
      const caller = new AbortController();
      const trial = call(async () => {
        await gate;
        return said('corp', late).authenticate(credentials, { signal: caller.signal });
      }, caller.signal);
      await clock.advance(1);
      caller.abort(new Error('gone'));
      await clock.advance(1);
      expect([states(), signals.at(-1)?.aborted]).toEqual(['open halfOpen', false]);
      go();
      await trial;
      expect(states()).toBe(expected);
    }
  });

  test('the call that tries has the deadline, too', async () => {
    const { call, states, clock } = await stage({ breaker: { failures: 1, openFor: 1_000 }, deadline: 100 });
    await call('fault');
    clock.increment(1_000);
    const trial = call('hang');
    await clock.advance(100);
    expect(await trial).toBe('deadline_exceeded');
    expect(states()).toBe('open halfOpen open');
  });

  test('takes no notice of the wall clock, nor of real time', async () => {
    const { call, clock } = await stage({ breaker: { failures: 1, openFor: 1_000 } });
    await call('fault');
    clock.jump(1e9);
    expect(await call('yes')).toBe('open');
    clock.jump(-2e9);
    clock.increment(1_000);
    expect(await call('yes')).toBe('yes');
  });

  test('a call that began before it opened tells nothing of the backend afterwards', async () => {
    const { call, states, clock } = await stage({ breaker: { failures: 2, openFor: 50 }, deadline: 100 });
    const old = [call('hang'), call('hang'), call('hang')];
    await clock.advance(10);
    await call('fault');
    await call('fault');
    await clock.advance(50);
    expect(await call('yes')).toBe('yes');
    await clock.advance(40);
    expect(await Promise.all(old)).toEqual(Array(3).fill('deadline_exceeded'));
    expect(states()).toBe('open halfOpen closed');
  });

  test('by the share of failures among the last calls', async () => {
    const { call, states, clock } = await stage({ breaker: { failureRate: 0.5, outOf: 4, openFor: 1_000 } });
    for (const word of ['fault', 'fault', 'fault'] as const) await call(word);
    expect(states()).toBe('');
    await call('wrong');
    expect(states()).toBe('');
    await call('yes');
    await call('fault');
    expect(states()).toBe('');
    await call('fault');
    expect(states()).toBe('');
    await call('fault');
    expect(states()).toBe('open');
    clock.increment(1_000);
    await call('yes');
    expect(states()).toBe('open halfOpen closed');
    await call('fault');
    expect(states()).toBe('open halfOpen closed');
  });

  test('can be left out', async () => {
    const { call, backend } = await stage({ breaker: false });
    for (let failure = 0; failure < 20; failure++) expect(await call('fault')).toBe('corp is down');
    expect(backend.seen).toHaveLength(20);
  });

  test('ASVS 16.2.5: says nothing of what others asserted', async () => {
    const { call, changes, guarded, clock } = await stage({ breaker: { failures: 1 } });
    await call(() => Promise.reject(new Error(`no bind with ${SECRET}`)));
    const asked = { username: 'bob', secret: new Secret('marked-other-secret') };
    const refused = await guarded.authenticate(asked, { signal: new AbortController().signal }).catch((e) => e);
    expect(refused).toBeInstanceOf(BackendFaultError);
    expect(refused.message).toBe(
      'corp is not asked: its circuit breaker is open (backend_fault). One call tries it in 10 s.',
    );
    expect(findSecret([refused, changes], SECRET)).toBeUndefined();
    clock.increment(9_999.5);
    await expect(guarded.authenticate(asked, { signal: new AbortController().signal })).rejects.toThrow('in 1 s.');
  });

  test('a listener that throws harms nobody', async () => {
    const { call } = await stage({
      breaker: { failures: 1, openFor: 1 },
      onStateChange: () => {
        throw new Error('no listener');
      },
    });
    expect(await call('fault')).toBe('corp is down');
    expect(await call('yes')).toBe('open');
  });
});

test('nothing of a call stays on its caller, who may live long', async () => {
  const { call, clock } = await stage({ maxConcurrent: 1, deadline: 100, breaker: false, retries: 1 });
  const caller = new AbortController();
  const listening = () => getEventListeners(caller.signal, 'abort').length;
  for (const word of ['yes', 'wrong', 'fault', 'overload'] as const) await call(word, caller.signal);
  for (const hangs of ['hang', () => new Promise<never>(() => {})] as const) {
    const calls = [call(hangs, caller.signal), call(hangs, caller.signal)];
    await clock.advance(100);
    await clock.advance(100);
    await Promise.all(calls);
  }
  expect(listening()).toBe(0);
});
