import { getEventListeners } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { abortableOf, CallerSignal, LazyAbortController } from '../../src/model/lazy-signal.js';

const count = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

/** A controller, and what a callee is given of it. */
const KINDS: readonly [string, () => { controller: LazyAbortController | AbortController; given: CallerSignal }][] = [
  ['a lazy controller', () => given(new LazyAbortController())],
  ['a signal', () => given(new AbortController())],
  [
    'what was given on',
    () => {
      const { controller, given: first } = given(new LazyAbortController());
      return { controller, given: new CallerSignal(first) };
    },
  ],
];

function given(controller: LazyAbortController | AbortController) {
  return { controller, given: new CallerSignal(controller) };
}

describe.each(KINDS)('%s', (_, make) => {
  test('tells each listener once, and after that says why', () => {
    const { controller, given } = make();
    const heard: string[] = [];
    const left = () => heard.push('left');
    given.onAbort(() => heard.push('one'));
    given.onAbort(left);
    given.onAbort(() => heard.push('two'));
    given.offAbort(left);
    expect(given.isAborted).toBe(false);
    expect(() => given.throwIfAborted()).not.toThrow();
    const reason = new Error('gone');
    controller.abort(reason);
    controller.abort(new Error('again'));
    given.onAbort(() => heard.push('late'));
    expect(heard).toEqual(['one', 'two']);
    expect([given.isAborted, given.signal.aborted, given.signal.reason]).toEqual([true, true, reason]);
    expect(() => given.throwIfAborted()).toThrow(reason);
  });

  test('is aborted without a reason as any signal is', () => {
    const { controller, given } = make();
    controller.abort();
    expect(() => given.throwIfAborted()).toThrow(expect.objectContaining({ name: 'AbortError' }));
  });

  test('its signal is one, before and after', () => {
    const { controller, given } = make();
    const { signal } = given;
    let events = 0;
    signal.addEventListener('abort', () => events++);
    controller.abort();
    expect([given.signal === signal, signal.aborted, events]).toEqual([true, true, 1]);
  });

  test('a listener may take another off, or itself, while all are told', () => {
    const { controller, given } = make();
    const heard: string[] = [];
    const second = () => heard.push('second');
    const first = () => {
      heard.push('first');
      given.offAbort(first);
      given.offAbort(second);
    };
    given.onAbort(first);
    given.onAbort(second);
    given.onAbort(() => heard.push('third'));
    controller.abort();
    expect(heard).toEqual(['first', 'third']);
  });

  test('whoever comes again is told once, and whoever has gone is not, in whatever order they came and went', () => {
    const { controller, given } = make();
    const heard: string[] = [];
    const one = () => heard.push('one');
    const two = () => heard.push('two');
    const three = () => heard.push('three');
    given.offAbort(one);
    for (const listener of [one, one, two, three, two]) given.onAbort(listener);
    given.offAbort(one);
    for (const listener of [two, one, one, three]) given.onAbort(listener);
    given.offAbort(three);
    controller.abort();
    expect(heard).toEqual(['two', 'one']);
  });
});

test('a signal that many share has one listener, and none when they have gone', () => {
  const { signal } = new AbortController();
  const calls = Array.from({ length: 1_000 }, () => ({ call: abortableOf({ signal }), listener: () => {} }));
  for (const { call, listener } of calls) call.onAbort(listener);
  expect(count(signal)).toBe(1);
  for (const { call, listener } of calls) call.offAbort(listener);
  expect(count(signal)).toBe(0);
});

test('no signal is made for who only asks or listens', () => {
  const source = new LazyAbortController();
  Object.defineProperty(source, 'signal', {
    get() {
      throw new Error('It was made.');
    },
  });
  const call = abortableOf(source);
  const listener = () => {};
  call.onAbort(listener);
  call.throwIfAborted();
  call.offAbort(listener);
  expect([call, call.isAborted]).toEqual([source, false]);
});
