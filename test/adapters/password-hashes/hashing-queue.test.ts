import { describe, expect, test } from '@jest/globals';
import { hashingQueue } from '../../../src/adapters/password-hashes/hashing-queue.js';
import { OverloadedError } from '../../../src/model/errors.js';
import { simulatedClock } from '../../../src/testing/simulated-clock.js';

const never = new AbortController();

interface Ends {
  end(): void;
  fail(error: Error): void;
}

/** Tasks that run until they are told to end, in any number, with a record of what has started. */
function tasks() {
  const started: number[] = [];
  const ends = new Map<number, Ends>();
  return {
    started,
    task: (id: number) => () => {
      started.push(id);
      return new Promise<void>((end, fail) => ends.set(id, { end, fail }));
    },
    end: (id: number) => ends.get(id)?.end(),
    fail: (id: number) => ends.get(id)?.fail(new Error(`task ${id}`)),
  };
}

async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe('CS Authentication: what is hashed at once, and what waits for it, is bounded', () => {
  test('no more run than may, the others in the order in which they came', async () => {
    const { started, task, end } = tasks();
    const run = hashingQueue({ concurrency: 2, maxQueued: 10 });
    const all = [1, 2, 3, 4, 5].map((id) => run(task(id), never));
    await settle();
    expect(started).toEqual([1, 2]);
    end(2);
    await settle();
    expect(started).toEqual([1, 2, 3]);
    end(1);
    end(3);
    await settle();
    expect(started).toEqual([1, 2, 3, 4, 5]);
    end(4);
    end(5);
    await Promise.all(all);
  });

  test('one more than fits is refused at once as overloaded, and room comes back', async () => {
    const { started, task, end } = tasks();
    const run = hashingQueue({ concurrency: 1, maxQueued: 1 });
    const first = run(task(1), never);
    const second = run(task(2), never);
    await expect(run(task(3), never)).rejects.toBeInstanceOf(OverloadedError);
    end(1);
    await first;
    const fourth = run(task(4), never);
    end(2);
    await second;
    end(4);
    await fourth;
    expect(started).toEqual([1, 2, 4]);
  });

  test('without a queue, what cannot run at once is refused', async () => {
    const { task, end } = tasks();
    const run = hashingQueue({ concurrency: 1, maxQueued: 0 });
    const first = run(task(1), never);
    await expect(run(task(2), never)).rejects.toBeInstanceOf(OverloadedError);
    end(1);
    await first;
  });

  test('who is gone never runs, and frees a place in the queue at once', async () => {
    const { started, task, end } = tasks();
    const run = hashingQueue({ concurrency: 1, maxQueued: 2 });
    const controller = new AbortController();
    const reason = new Error('gone');
    const first = run(task(1), never);
    const second = run(task(2), controller);
    const third = run(task(3), never);
    await expect(run(task(4), never)).rejects.toBeInstanceOf(OverloadedError);
    controller.abort(reason);
    await expect(second).rejects.toBe(reason);
    const fifth = run(task(5), never);
    end(1);
    await settle();
    end(3);
    await settle();
    end(5);
    await Promise.all([first, third, fifth]);
    expect(started).toEqual([1, 3, 5]);
  });

  test('who is gone before it asks never runs, even if there is room', async () => {
    const { started, task } = tasks();
    const run = hashingQueue({ concurrency: 1, maxQueued: 1 });
    await expect(run(task(1), { signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow('gone');
    expect(started).toEqual([]);
  });

  test('an abort while a task runs does not give its place away twice', async () => {
    const { started, task, end } = tasks();
    const run = hashingQueue({ concurrency: 1, maxQueued: 5 });
    const controller = new AbortController();
    const first = run(task(1), never);
    const second = run(task(2), controller);
    end(1);
    await first;
    await settle();
    controller.abort();
    const third = run(task(3), never);
    await settle();
    expect(started).toEqual([1, 2]);
    end(2);
    await second;
    await settle();
    end(3);
    await third;
  });

  test('a task that fails gives its place back', async () => {
    const { task, fail, end } = tasks();
    const run = hashingQueue({ concurrency: 1, maxQueued: 1 });
    const first = run(task(1), never);
    const second = run(task(2), never);
    fail(1);
    await expect(first).rejects.toThrow('task 1');
    await settle();
    end(2);
    await second;
    await expect(
      run(() => {
        throw new Error('at once');
      }, never),
    ).rejects.toThrow('at once');
    await expect(run(async () => 'free', never)).resolves.toBe('free');
  });
});

describe('CS Authentication: whose turn would come too late is refused at once', () => {
  /** A queue after many tasks of so many milliseconds each. */
  async function usedTo(duration: number, longestWait?: number) {
    const clock = simulatedClock();
    const run = hashingQueue({ concurrency: 2, maxQueued: 200, clock, ...(longestWait && { longestWait }) });
    const lasting = () => new Promise<void>((resolve) => clock.setTimeout(resolve, duration));
    for (let round = 0; round < 100; round++) {
      const both = [run(lasting, never), run(lasting, never)];
      await clock.advance(duration);
      await Promise.all(both);
    }
    return { clock, run, lasting };
  }

  /** How many of 300 that come at once are let in. */
  async function admitted({ clock, run, lasting }: Awaited<ReturnType<typeof usedTo>>): Promise<number> {
    let refused = 0;
    const all = Array.from({ length: 300 }, () =>
      run(lasting, never).catch((error) => {
        expect(error).toBeInstanceOf(OverloadedError);
        refused++;
      }),
    );
    await settle();
    const count = 300 - refused;
    await clock.advance(60_000);
    await Promise.all(all);
    return count;
  }

  test('tasks that take no time are bounded by their number', async () => {
    expect(await admitted(await usedTo(1))).toBe(202);
  });

  test('of tasks of 100 ms, two at a time, 80 wait for 4 s', async () => {
    const count = await admitted(await usedTo(100));
    expect(count).toBeGreaterThanOrEqual(80);
    expect(count).toBeLessThanOrEqual(83);
  });

  test.each([
    [1_000, 20],
    [8_000, 160],
  ])('and with a deadline of %i ms, %i', async (longestWait, waiting) => {
    const count = await admitted(await usedTo(100, longestWait));
    expect(count).toBeGreaterThanOrEqual(waiting);
    expect(count).toBeLessThanOrEqual(waiting + 3);
  });

  test('of tasks that take longer than one may wait, those run that need not wait', async () => {
    expect(await admitted(await usedTo(10_000))).toBe(2);
  });

  test('one that took long is forgotten', async () => {
    const { clock, run, lasting } = await usedTo(1);
    const slow = run(() => new Promise<void>((resolve) => clock.setTimeout(resolve, 60_000)), never);
    await clock.advance(60_000);
    await slow;
    for (let round = 0; round < 100; round++) {
      const one = run(lasting, never);
      await clock.advance(1);
      await one;
    }
    expect(await admitted({ clock, run, lasting })).toBe(202);
  });

  test('when tasks turn out to take longer than before, nobody waits until it is too late', async () => {
    const { clock, run } = await usedTo(1);
    const { started, task, end } = tasks();
    const all = [1, 2, 3, 4].map((id) => run(task(id), never));
    const tooLate = expect(all[3]).rejects.toBeInstanceOf(OverloadedError);
    await settle();
    await clock.advance(3_999);
    end(1);
    await all[0];
    await settle();
    await clock.advance(1);
    await tooLate;
    expect(started).toEqual([1, 2, 3]);
    end(3);
    end(2);
    await Promise.all(all.slice(0, 3));
    expect(clock.pending).toBe(0);
  });
});
