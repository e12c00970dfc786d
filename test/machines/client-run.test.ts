import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { InspectionEvent } from 'xstate';
import type { ClientInput } from '../../src/machines/client.js';
import { readAnswer } from '../../src/machines/client-answer.js';
import { runClientInit } from '../../src/machines/client-run.js';
import { decodeSessionInitResponse } from '../../src/model/decode-response.js';
import { encodeSessionInitResponse } from '../../src/model/encode-response.js';
import { FAILURE_CODES, FAILURE_REASONS } from '../../src/model/failure-reason.js';
import { FullAuthSession } from '../../src/model/session.js';
import { simulatedClock } from '../../src/testing/simulated-clock.js';
import { ScriptedConnection } from '../support/scripted-client-connection.js';
import { denial, SESSION_SECRET, sessionOf, success } from '../support/wire-answers.js';

const USER_SECRET = 'marked-user-secret-7c11';
const SESSION = sessionOf('alice', 7);
const SUCCESS = success('alice', 7);
const DENIAL = denial('alice');

function begin(input: Partial<ClientInput> = {}) {
  const clock = simulatedClock();
  const connection = new ScriptedConnection();
  const seen: InspectionEvent[] = [];
  const run = runClientInit(
    {
      message: { username: 'alice', user_secret: USER_SECRET },
      connection,
      referenceId: 'reference-1',
      now: clock.now,
      ...input,
    },
    { clock, inspect: (event) => seen.push(event) },
  );
  return { clock, connection, seen, run };
}

/** A run whose request is sent. */
async function beginAsking(input: Partial<ClientInput> = {}) {
  const world = begin(input);
  await world.clock.advance(1_000);
  world.connection.open();
  await world.clock.advance(0);
  expect(world.connection.sent).toEqual([JSON.stringify({ username: 'alice', user_secret: USER_SECRET })]);
  return world;
}

const failure = (reason: string, code: string, details: string, at = '2026-01-01T00:00:01.000Z') => ({
  success: false,
  reason: 'Failed Auth',
  message: details,
  data: { user: 'alice', reason, fail_time: new Date(at), details, code, reference_id: 'reference-1' },
});

describe('one answer', () => {
  test('a session is handed over, whole, and claimed', async () => {
    const { clock, connection, run } = await beginAsking();
    connection.answer(readAnswer(SUCCESS));
    const { response, cause } = await run.finished;
    expect(cause).toBeUndefined();
    expect(response.success).toBe(true);
    expect(response.data).toBeInstanceOf(FullAuthSession);
    expect(JSON.parse(encodeSessionInitResponse(response))).toEqual(SUCCESS);
    await clock.advance(60_000);
    expect(connection.disowned).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  test("the server's failure comes as it was sent", async () => {
    const { connection, run } = await beginAsking();
    connection.answer(readAnswer(DENIAL));
    expect((await run.finished).response).toEqual(decodeSessionInitResponse(DENIAL));
    expect(connection.disowned).toEqual([]);
  });

  test('no connection within the deadline: REQUEST_TIMED_OUT, and nothing is sent', async () => {
    const { clock, connection, run } = begin({ deadline: 1_000 });
    await clock.advance(999);
    expect(await Promise.race([run.finished, 'nothing yet'])).toBe('nothing yet');
    await clock.advance(1);
    expect((await run.finished).response).toEqual(
      failure('REQUEST_TIMED_OUT', 'request_timed_out', 'There was no connection to the server.'),
    );
    connection.open();
    await clock.advance(10_000);
    expect(connection.sent).toEqual([]);
  });

  test('a connection that cannot be opened: REQUEST_TIMED_OUT at once, and the cause for the developer', async () => {
    const { connection, run } = begin();
    const refusal = new Error('ECONNREFUSED');
    connection.refuse(refusal);
    const { response, cause } = await run.finished;
    expect(cause).toBe(refusal);
    expect(response).toEqual(
      failure(
        'REQUEST_TIMED_OUT',
        'request_timed_out',
        'There was no connection to the server.',
        '2026-01-01T00:00:00.000Z',
      ),
    );
    expect(encodeSessionInitResponse(response)).not.toContain('ECONNREFUSED');
  });

  test('no answer within ten seconds, connecting included: REQUEST_TIMED_OUT', async () => {
    const { clock, run } = await beginAsking();
    await clock.advance(8_999);
    expect(await Promise.race([run.finished, 'nothing yet'])).toBe('nothing yet');
    await clock.advance(1);
    expect((await run.finished).response).toEqual(
      failure(
        'REQUEST_TIMED_OUT',
        'request_timed_out',
        'The server did not answer within the deadline.',
        '2026-01-01T00:00:10.000Z',
      ),
    );
  });

  test('a connection that is lost before the answer: REQUEST_TIMED_OUT', async () => {
    const { connection, run } = await beginAsking();
    connection.lose('not even an Error');
    const { response, cause } = await run.finished;
    expect(cause).toBe('not even an Error');
    expect(response).toEqual(
      failure('REQUEST_TIMED_OUT', 'request_timed_out', 'The connection was closed before the answer came.'),
    );
  });

  test.each([
    ['no data', { success: true, reason: 'yes' }, 'data must be an object, and is nothing'],
    ['data that is null', { ...SUCCESS, data: null }, 'data must be an object, and is null'],
    ['data that is garbage', { ...SUCCESS, data: { session_id: '7' } }, 'data is neither a session'],
    [
      'a session without a secret',
      { ...SUCCESS, data: { ...SESSION, session_secret: undefined } },
      'no session_secret',
    ],
    ['a session that says nobody’s', { ...SUCCESS, data: { ...SESSION, ip_address: undefined } }, 'no FullAuthSession'],
    ['an address that is none', { ...SUCCESS, data: { ...SESSION, ip_address: 'here' } }, 'no FullAuthSession'],
  ])('a success with %s: SESSION_DETAILS_MISSING', async (_, value, details) => {
    const { connection, run } = await beginAsking();
    const answer = readAnswer(JSON.parse(JSON.stringify(value)));
    connection.answer(answer);
    const { response } = await run.finished;
    expect(response).toEqual(
      failure('SESSION_DETAILS_MISSING', 'session_details_missing', expect.stringContaining(details) as never),
    );
    expect(JSON.stringify(response)).not.toContain(SESSION_SECRET);
    // The server may have bound the connection to a session that nobody can use.
    expect(connection.disowned).toEqual([answer]);
  });

  test.each([
    ['null', null, 'must be an object, and is null'],
    ['a list', [SUCCESS], 'must be an object, and is an array'],
    ['an object without success', { hello: 'there' }, 'success must be a boolean, and is nothing'],
    ['a success of 1', { ...SUCCESS, success: 1 }, 'success must be a boolean, and is an integer'],
    [
      'as the server itself says',
      { ...DENIAL, data: { user: '', reason: 'OTHER', code: 'malformed_response' } },
      'is not a',
    ],
    ['a failure with a session', { ...SUCCESS, success: false }, 'it is no success, and has a session'],
  ])('what is no response (%s): OTHER, malformed_response', async (_, value, details) => {
    const { connection, run } = await beginAsking();
    connection.answer(readAnswer(value));
    expect((await run.finished).response).toEqual(
      failure('OTHER', 'malformed_response', expect.stringContaining(details) as never),
    );
    expect(connection.disowned).toEqual([]);
  });

  test.each([
    ['that says success', { ...DENIAL, success: true }],
    ['without data', { ...DENIAL, data: null }],
    ['of reason OTHER', { ...DENIAL, data: { ...DENIAL.data, reason: 'OTHER', code: 'throttled', retry_after: 7 } }],
    ['of code malformed_response', { ...DENIAL, data: { ...DENIAL.data, code: 'malformed_response' } }],
  ])('a failure %s stays the failure that the model reads', async (_, value) => {
    const { connection, run } = await beginAsking();
    connection.answer(readAnswer(value));
    expect((await run.finished).response).toEqual(decodeSessionInitResponse(value));
  });

  test.each([
    ['no object', 'alice', '', 'must be an object'],
    ['no user name', { user_secret: USER_SECRET }, '', 'username must be a string'],
    ['an empty secret', { username: 'alice', user_secret: '' }, 'alice', 'user_secret is empty'],
    ['a long secret', { username: 'alice', user_secret: 'x'.repeat(5_000) }, 'alice', 'longer than 4096 bytes'],
  ])(
    'a request that is none (%s): OTHER, malformed_request, and nothing is sent',
    async (_, message, user, details) => {
      const { clock, connection, run } = begin({ message });
      connection.open();
      await clock.advance(20_000);
      const { data } = (await run.finished).response;
      expect(data).toMatchObject({
        user,
        reason: 'OTHER',
        code: 'malformed_request',
        details: expect.stringContaining(details),
      });
      expect(connection.sent).toEqual([]);
    },
  );

  test('a request that throws while it is read: OTHER, malformed_request', async () => {
    const message = {
      get username(): string {
        throw new Error('a trap');
      },
    };
    const { run } = begin({ message });
    const { response } = await run.finished;
    expect(response.data).toMatchObject({
      reason: 'OTHER',
      code: 'malformed_request',
      user: '',
      details: 'The request could not be read.',
    });
  });

  test('a machine that throws: UNKNOWN, the cause for the developer, and no session is kept', async () => {
    const defect = new Error('a broken clock');
    const { clock, connection, run } = await beginAsking({
      now: () => {
        throw defect;
      },
    });
    run.cancel();
    const { response, cause } = await run.finished;
    expect(cause).toBe(defect);
    expect(response).toEqual(failure('UNKNOWN', 'unknown', FAILURE_CODES.unknown));
    connection.answer(readAnswer(SUCCESS));
    await clock.advance(0);
    expect(connection.disowned).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });
});

describe('the caller has gone', () => {
  const cancelled = { reason: 'OTHER', code: 'cancelled', user: 'alice' };

  test('while connecting', async () => {
    const { clock, connection, run } = begin();
    run.cancel();
    expect((await run.finished).response.data).toMatchObject(cancelled);
    connection.open();
    await clock.advance(0);
    expect(connection.sent).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  test.each([
    ['cancelled', (world: Awaited<ReturnType<typeof beginAsking>>) => world.run.cancel()],
    ['timed out', (world: Awaited<ReturnType<typeof beginAsking>>) => world.clock.increment(60_000)],
  ])('%s while the answer is awaited: the session that comes later is held by nobody', async (_, giveUp) => {
    const world = await beginAsking();
    giveUp(world);
    const { response } = await world.run.finished;
    expect(response.success).toBe(false);
    const late = readAnswer(SUCCESS);
    world.connection.answer(late);
    await world.clock.advance(0);
    expect(world.connection.disowned).toEqual([late]);
  });

  test('in the same turn as the answer: the one answer and the session agree', async () => {
    const { clock, connection, run } = await beginAsking();
    connection.answer(readAnswer(SUCCESS));
    run.cancel();
    expect((await run.finished).response.data).toMatchObject(cancelled);
    await clock.advance(0);
    expect(connection.disowned).toHaveLength(1);
  });

  test('after the answer: nothing changes', async () => {
    const { connection, run } = await beginAsking();
    connection.answer(readAnswer(SUCCESS));
    const { response } = await run.finished;
    run.cancel();
    expect((await run.finished).response).toBe(response);
    expect(connection.disowned).toEqual([]);
  });
});

describe('P1 and P2, whatever comes in whatever order', () => {
  const steps = ['open', 'refuse', 'success', 'denial', 'garbage', 'lose', 'cancel', 'wait', 'turn'] as const;

  test('there is one answer, with one reason, and a session that is handed over or disowned', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...steps), { maxLength: 12 }), async (script) => {
        const { clock, connection, run } = begin();
        let answers = 0;
        run.finished.then(() => {
          answers += 1;
        });
        const take = {
          open: () => connection.open(),
          refuse: () => connection.refuse(new Error('refused')),
          success: () => connection.answer(readAnswer(SUCCESS)),
          denial: () => connection.answer(readAnswer(DENIAL)),
          garbage: () => connection.answer(readAnswer('garbage')),
          lose: () => connection.lose(new Error('lost')),
          cancel: () => run.cancel(),
          wait: () => clock.increment(3_000),
          turn: () => clock.advance(0),
        } satisfies Record<(typeof steps)[number], () => unknown>;
        let established = false;
        for (const step of script) {
          established ||= step === 'success' && connection.sent.length > 0;
          await take[step]();
        }
        await clock.advance(10_000);
        expect(answers).toBe(1);
        const { response } = await run.finished;
        if (response.success) expect(connection.disowned).toEqual([]);
        else expect(FAILURE_REASONS).toContain((response.data as { reason?: string }).reason);
        // An answer that followed another one for the same request was never taken, so neither is its session.
        if (!established) expect([response.success, connection.disowned]).toEqual([false, []]);
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});

test('P5: neither secret is in an inspection event, a snapshot or a persisted snapshot', async () => {
  const { connection, run, seen } = await beginAsking();
  connection.answer(readAnswer(SUCCESS));
  await run.finished;
  const persisted = seen.flatMap((event) => {
    const { actorRef } = event as { actorRef?: { getPersistedSnapshot?: () => unknown } };
    return actorRef?.getPersistedSnapshot?.() ?? [];
  });
  expect(seen.length).toBeGreaterThan(5);
  // The scripted connection notes what it was told to send, as no real one does.
  connection.sent.length = 0;
  const shown = [seen, persisted].map((value) => inspect(value, { depth: 7, showHidden: true })).join('\n');
  expect(shown).toContain('reference-1');
  for (const secret of [USER_SECRET, SESSION_SECRET]) expect(shown).not.toContain(secret);
});
