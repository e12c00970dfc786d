import { describe, expect, test } from '@jest/globals';
import { ServerList } from '../../src/adapters/server-list.js';
import { simulatedClock } from '../../src/testing/index.js';

describe('ServerList', () => {
  test('tries the servers as they are given, and those that failed last, the one that rests longest at the end', () => {
    const clock = simulatedClock();
    const servers = new ServerList(['a', 'b', 'c'], 1_000, clock);
    expect([...servers.candidates()]).toEqual(['a', 'b', 'c']);
    expect(servers.best()).toBe('a');
    servers.failed('a');
    clock.increment(1);
    servers.failed('b');
    expect([...servers.candidates()]).toEqual(['c', 'a', 'b']);
    expect(servers.best()).toBe('c');
    servers.failed('c');
    expect(servers.best()).toBeUndefined();
    servers.answered('b');
    expect(servers.best()).toBe('b');
  });

  test('one call alone tries a server that has rested; if it answers, it is as good as before', () => {
    const clock = simulatedClock();
    const servers = new ServerList(['a', 'b'], 1_000, clock);
    servers.failed('a');
    clock.increment(999);
    expect(servers.best()).toBe('b');
    clock.increment(1);
    expect(servers.best()).toBeUndefined();
    const first = servers.candidates();
    expect(first.next().value).toBe('a');
    expect(servers.best()).toBe('b');
    expect([...servers.candidates()]).toEqual(['b', 'a']);
    servers.answered('a');
    expect([...servers.candidates()]).toEqual(['a', 'b']);
  });
});
