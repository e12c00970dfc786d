import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { systemClock } from '../../src/model/clock.js';

const DAY = 86_400_000;
const LONGEST_NATIVE = 2 ** 31 - 1;

beforeEach(() => {
  jest.useFakeTimers({ now: 1_000_000 });
});
afterEach(() => {
  jest.useRealTimers();
});

test('systemClock tells the time of the machine', () => {
  const origin = systemClock.monotonic();
  expect(systemClock.now()).toBe(1_000_000);
  jest.advanceTimersByTime(1234);
  expect(systemClock.now()).toBe(1_001_234);
  expect(systemClock.monotonic() - origin).toBe(1234);
});

test('systemClock.monotonic does not jump with the wall clock', () => {
  const origin = systemClock.monotonic();
  jest.setSystemTime(5);
  expect(systemClock.now()).toBe(5);
  expect(systemClock.monotonic()).toBe(origin);
});

describe.each([1, 5000, LONGEST_NATIVE, LONGEST_NATIVE + 1, 30 * DAY, 400 * DAY])('a timer of %d ms', (delay) => {
  test('fires once, when its time has passed', () => {
    const callback = jest.fn();
    systemClock.setTimeout(callback, delay);
    jest.advanceTimersByTime(delay - 1);
    expect(callback).not.toHaveBeenCalled();
    jest.advanceTimersByTime(1);
    expect(callback).toHaveBeenCalledTimes(1);
    jest.advanceTimersByTime(50 * DAY);
    expect(callback).toHaveBeenCalledTimes(1);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('does not fire once it is cleared, at the start or on its way', () => {
    for (const elapsed of [0, Math.floor(delay / 2), delay - 1]) {
      const callback = jest.fn();
      const handle = systemClock.setTimeout(callback, delay);
      jest.advanceTimersByTime(elapsed);
      systemClock.clearTimeout(handle);
      jest.advanceTimersByTime(2 * delay);
      expect(callback).not.toHaveBeenCalled();
    }
  });
});

test('a timer of 0 ms fires in the next turn', () => {
  const callback = jest.fn();
  systemClock.setTimeout(callback, 0);
  expect(callback).not.toHaveBeenCalled();
  jest.advanceTimersByTime(0);
  expect(callback).toHaveBeenCalledTimes(1);
});

test('a timer of endless length never fires, and can be cleared', () => {
  const callback = jest.fn();
  const handle = systemClock.setTimeout(callback, Number.POSITIVE_INFINITY);
  jest.advanceTimersByTime(400 * DAY);
  expect(jest.getTimerCount()).toBe(1);
  systemClock.clearTimeout(handle);
  expect(callback).not.toHaveBeenCalled();
});

test('clearing nothing, or what has fired, does nothing', () => {
  const handles = [systemClock.setTimeout(() => {}, 1), systemClock.setTimeout(() => {}, 40 * DAY)];
  jest.advanceTimersByTime(41 * DAY);
  for (const handle of [undefined, ...handles, ...handles]) systemClock.clearTimeout(handle);
  expect(jest.getTimerCount()).toBe(0);
});
