import { describe, expect, test } from '@jest/globals';
import { respond, TERMINAL_STATES, type TerminalState } from '../../src/machines/terminal-states.js';
import { FAILURE_CODES } from '../../src/model/failure-reason.js';
import { FullAuthSession } from '../../src/model/session.js';

const AT = Date.UTC(2026, 0, 1);
const session = new FullAuthSession({ session_id: 1, created: new Date(AT), ip_address: '192.0.2.1', user: 'alice' });
const init = { user: 'alice', referenceId: 'ref-1', now: () => AT, session: undefined, failure: undefined };
const FAILURES = Object.entries(TERMINAL_STATES).filter(([state]) => state !== 'authorized') as [
  TerminalState,
  { reason: string; code: keyof typeof FAILURE_CODES },
][];

describe('what an init is answered', () => {
  test('authorized: its session', () => {
    const response = respond('authorized', { ...init, session });
    expect(response).toEqual({ success: true, reason: 'Successful Auth', message: '', data: session });
  });

  test('authorized, but without a session: a defect, and no success', () => {
    expect(respond('authorized', init)).toMatchObject({
      success: false,
      reason: 'Failed Auth',
      data: { reason: 'UNKNOWN', code: 'unknown' },
    });
  });

  test.each(FAILURES)('%s: its reason, its code and the sentence of the code', (state, { reason, code }) => {
    // That there is a session changes nothing: whoever is in the way of it has its removal.
    for (const made of [undefined, session]) {
      expect(respond(state, { ...init, session: made })).toEqual({
        success: false,
        reason: 'Failed Auth',
        message: FAILURE_CODES[code],
        data: {
          user: 'alice',
          reason,
          fail_time: new Date(AT),
          details: FAILURE_CODES[code],
          code,
          reference_id: 'ref-1',
          retry_after: undefined,
        },
      });
    }
  });

  test('a cause that is known says more than its state', () => {
    const failure = { code: 'overloaded', details: 'Come back later.', retryAfter: 7 } as const;
    expect(respond('refused', { ...init, failure })).toMatchObject({
      message: 'Come back later.',
      data: { reason: 'OTHER', code: 'overloaded', details: 'Come back later.', retry_after: 7 },
    });
  });
});
