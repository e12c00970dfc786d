import { describe, expect, test } from '@jest/globals';
import { FullAuthSession } from '../../../src/model/session.js';
import { Receipts } from '../../../src/transports/websocket/receipts.js';

const session = (id: number) => new FullAuthSession({ session_id: id, ip_address: '127.0.0.1', user: 'ada' });
const ids = (sessions: readonly FullAuthSession[]) => sessions.map(({ session_id }) => session_id);

/** Receipts with so many answers that went out, and their marks. */
function sent(count: number) {
  const receipts = new Receipts();
  const marks = Array.from({ length: count }, (_, index) => receipts.expect(session(index)));
  return { receipts, marks };
}

describe('receipts', () => {
  test('a mark that comes back is for all before it, and for none behind it', () => {
    const { receipts, marks } = sent(4);
    receipts.confirm(marks[2] as string);
    expect(ids(receipts.withdrawAll())).toEqual([3]);
  });

  test.each(['', '0', '5', '1.0', ' 1', '1e0', 'nonsense'])('%j, which was no mark, confirms nothing', (payload) => {
    const { receipts } = sent(4);
    receipts.confirm(payload);
    expect(ids(receipts.withdrawAll())).toEqual([0, 1, 2, 3]);
  });

  test('what was confirmed cannot be withdrawn, and what was withdrawn is so once', () => {
    const { receipts, marks } = sent(2);
    receipts.confirm(marks[0] as string);
    expect(receipts.withdraw(marks[0] as string)).toBeUndefined();
    expect(receipts.withdraw(marks[1] as string)?.session_id).toBe(1);
    expect(receipts.withdraw(marks[1] as string)).toBeUndefined();
    expect(receipts.withdrawAll()).toEqual([]);
  });

  test('a mark is never used twice', () => {
    const { receipts, marks } = sent(3);
    receipts.confirm(marks[2] as string);
    expect(marks).not.toContain(receipts.expect(session(9)));
  });

  test('a client that never confirms anything takes up no more room with each answer', () => {
    const { receipts } = sent(1_010);
    const unconfirmed = ids(receipts.withdrawAll());
    expect([unconfirmed.length, unconfirmed[0]]).toEqual([1_000, 10]);
  });
});
