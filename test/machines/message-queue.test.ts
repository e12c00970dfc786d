import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MessageQueue } from '../../src/machines/message-queue.js';
import type { ReceivedMessage } from '../../src/machines/received-message.js';
import { init, message } from '../support/talk.js';

function contentOf(queue: MessageQueue): ReceivedMessage[] {
  const content: ReceivedMessage[] = [];
  for (let rest = queue; rest.first !== undefined; rest = rest.withoutFirst()) content.push(rest.first);
  return content;
}

describe('a queue of messages', () => {
  test('is what an array would be, and so is every queue that it has been', () => {
    const step = fc.record({ from: fc.nat({ max: 20 }), adds: fc.boolean(), size: fc.nat({ max: 9 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
        const all = [{ queue: MessageQueue.EMPTY, model: [] as ReceivedMessage[] }];
        for (const { from, adds, size } of steps) {
          // Mostly the latest, sometimes one of those before it.
          const { queue, model } = all.at(from > 10 ? -1 : -1 - (from % all.length)) as (typeof all)[number];
          const added = message('x'.repeat(size));
          if (adds) all.push({ queue: queue.with(added), model: [...model, added] });
          else all.push({ queue: queue.withoutFirst(), model: model.slice(1) });
        }
        for (const { queue, model } of all) {
          expect(contentOf(queue)).toEqual(model);
          expect(queue.length).toBe(model.length);
          expect(queue.bytes).toBe(model.reduce((sum, { bytes }) => sum + bytes, 0));
        }
      }),
    );
  });

  test('costs the same for each message, however many there are', () => {
    const it = message('{}');
    let queue = MessageQueue.EMPTY;
    // Were each step to copy the queue, this would be tens of thousands of millions of copies.
    for (let count = 0; count < 300_000; count++) queue = queue.with(it);
    for (let count = 0; count < 300_000; count++) queue = queue.withoutFirst().with(it).withoutFirst();
    expect(queue).toBe(MessageQueue.EMPTY);
  });

  test('ASVS 16.2.5: shows nothing of its messages', () => {
    const queue = MessageQueue.EMPTY.with(init());
    expect(inspect(queue, { depth: 9, showHidden: true })).not.toContain('ReceivedMessage');
    expect(JSON.parse(JSON.stringify(queue))).toEqual({ length: 1, bytes: queue.bytes });
  });
});
