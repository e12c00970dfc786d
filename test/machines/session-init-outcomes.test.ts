import { describe, expect, jest, test } from '@jest/globals';
import { createActor, fromPromise, toPromise } from 'xstate';
import { Escrow } from '../../src/machines/escrow.js';
import { sessionInitMachine } from '../../src/machines/session-init.js';
import { BackendFaultError, DefectError, OverloadedError } from '../../src/model/errors.js';
import { FailedSessionInitInfo } from '../../src/model/failed-session-init-info.js';
import { Secret } from '../../src/model/secret.js';
import { FullAuthSession } from '../../src/model/session.js';
import { SessionInitMessage } from '../../src/model/session-init-message.js';
import { simulatedClock } from '../../src/testing/simulated-clock.js';

const fault = new BackendFaultError('It is down.');
const defect = new DefectError('It is broken.');
const busy = new OverloadedError('It is busy.', { retryAfter: 9 });
const identity = { outcome: 'authenticated', user: 'alice' };
const session = new FullAuthSession({
  session_id: 1,
  session_secret: new Secret('0'.repeat(64)),
  created: new Date(0),
  last_accessed: new Date(0),
  ip_address: '192.0.2.1',
  user: 'alice',
});
const created = { outcome: 'created', session };

/** What the four actors answer; an error is thrown, and `undefined` never comes. */
const ANSWERS = { admit: { outcome: 'admitted' }, authenticate: identity, authorize: { outcome: 'authorized' } };

interface Ending {
  state: string;
  code?: string | undefined;
  retryAfter?: number | undefined;
  cause?: unknown;
}

/** The machine alone, run to its end with these answers. */
async function run(answers: Readonly<Record<string, unknown>>, ipAddress = '192.0.2.1') {
  const given: Record<string, unknown> = { ...ANSWERS, establishSession: created, ...answers };
  const actors = Object.fromEntries(
    Object.keys(given).map((name) => [
      name,
      fromPromise(async () => {
        if (given[name] instanceof Error) throw given[name];
        return given[name] === NEVER ? new Promise(() => {}) : given[name];
      }),
    ]),
  );
  const clock = simulatedClock();
  const machine = sessionInitMachine.provide({ actors: actors as never });
  const message = new SessionInitMessage('alice', 'marked-user-secret-1');
  const claim = jest.spyOn(Escrow.prototype, 'claim');
  const release = jest.spyOn(Escrow.prototype, 'release');
  try {
    const actor = createActor(machine, { input: { message, ipAddress, referenceId: 'reference-1' }, clock });
    actor.subscribe({ error: () => {} });
    actor.start();
    const end = toPromise(actor);
    if (Object.values(given).includes(NEVER)) await clock.advance(6_000);
    await end;
    const { value, context } = actor.getSnapshot();
    const { data } = context.response ?? {};
    const failed = data instanceof FailedSessionInitInfo ? data : undefined;
    const ending: Ending = {
      state: value as string,
      ...{ code: failed?.code, retryAfter: failed?.retry_after, cause: context.failure?.cause },
    };
    return { ending, context, claims: claim.mock.calls.length, releases: release.mock.calls.length };
  } finally {
    claim.mockRestore();
    release.mockRestore();
  }
}

const NEVER = Symbol('an answer that never comes');

const other = (user: unknown) => new FullAuthSession({ ...session, user: user as string });

const ENDINGS: [string, Readonly<Record<string, unknown>>, Ending][] = [
  ['all say yes', {}, { state: 'authorized' }],

  ['admission says no', refuses('locked', 7), { state: 'refused', code: 'locked', retryAfter: 7 }],
  ['admission says nothing', { admit: undefined }, { state: 'refused', code: 'throttle_failed' }],
  ['admission says something else', { admit: { outcome: 'perhaps' } }, { state: 'refused', code: 'throttle_failed' }],
  ['admission fails', { admit: fault }, { state: 'refused', code: 'throttle_failed', cause: fault }],
  ['admission is full', { admit: busy }, { state: 'refused', code: 'overloaded', retryAfter: 9, cause: busy }],
  ['admission is broken', { admit: defect }, { state: 'failedUnexpectedly', code: 'unknown', cause: defect }],
  ['admission hangs', { admit: NEVER }, { state: 'refused', code: 'overloaded', retryAfter: 1 }],

  ...authenticated({ outcome: 'denied', cause: 'locked' }, 'authenticationDenied', 'authentication_denied', 'locked'),
  ...authenticated({ outcome: 'denied' }, 'authenticationDenied', 'authentication_denied'),
  ...authenticated({ outcome: 'authenticated' }, 'authenticationSystemFailed', 'authentication_sys_fail'),
  ...authenticated({ outcome: 'authenticated', user: 7 }, 'authenticationSystemFailed', 'authentication_sys_fail'),
  ...authenticated({ outcome: 'perhaps', user: 'alice' }, 'authenticationSystemFailed', 'authentication_sys_fail'),
  ...authenticated(undefined, 'authenticationSystemFailed', 'authentication_sys_fail'),
  ...authenticated(fault, 'authenticationSystemFailed', 'authentication_sys_fail', fault),
  ...authenticated(defect, 'failedUnexpectedly', 'unknown', defect),
  ...authenticated(NEVER, 'authAttemptTimedOut', 'auth_attempt_timeout'),
  ['the authenticator is full', { authenticate: busy }, full()],

  ...authorized({ outcome: 'denied', cause: 'disabled' }, 'notAuthorized', 'user_not_authorized', 'disabled'),
  ...authorized({ outcome: 'perhaps' }, 'refused', 'authorizer_failed'),
  ...authorized(undefined, 'refused', 'authorizer_failed'),
  ...authorized(fault, 'refused', 'authorizer_failed', fault),
  ...authorized(defect, 'failedUnexpectedly', 'unknown', defect),
  ...authorized(NEVER, 'authAttemptTimedOut', 'auth_attempt_timeout'),
  ['the authorizer is full', { authorize: busy }, full()],

  ...established({ outcome: 'limitReached' }, 'refused', 'session_limit'),
  ...established({ outcome: 'created' }, 'sessionDetailsMissing', 'session_details_missing'),
  ...established({ outcome: 'perhaps', session }, 'sessionDetailsMissing', 'session_details_missing'),
  ...established({ outcome: 'created', session: other('bob') }, 'sessionDetailsMissing', 'session_details_missing'),
  ...established(undefined, 'sessionDetailsMissing', 'session_details_missing'),
  ...established(fault, 'sessionManagerFailed', 'session_manager_fail', fault),
  ...established(defect, 'failedUnexpectedly', 'unknown', defect),
  ...established(NEVER, 'sessionManagerFailed', 'session_manager_fail'),
  ['the session manager is full', { establishSession: busy }, full()],
];

function refuses(code: string, retryAfter: number) {
  return { admit: { outcome: 'refused', code, retryAfter } };
}

function full(): Ending {
  return { state: 'refused', code: 'overloaded', retryAfter: 9, cause: busy };
}

type Row = (typeof ENDINGS)[number];

function answered(actor: string, answer: unknown, state: string, code: string, cause?: unknown): Row[] {
  return [
    [
      `${actor}: ${String(answer instanceof Error ? answer : JSON.stringify(answer))}`,
      { [actor]: answer },
      { state, code, cause },
    ],
  ];
}

function authenticated(answer: unknown, state: string, code: string, cause?: unknown): Row[] {
  return answered('authenticate', answer, state, code, cause);
}

function authorized(answer: unknown, state: string, code: string, cause?: unknown): Row[] {
  return answered('authorize', answer, state, code, cause);
}

function established(answer: unknown, state: string, code: string, cause?: unknown): Row[] {
  return answered('establishSession', answer, state, code, cause);
}

describe('P4: what each answer comes to, in the machine alone', () => {
  test.each(ENDINGS)('%s', async (_, answers, expected) => {
    const { ending, context, claims, releases } = await run(answers);
    const none = { code: undefined, retryAfter: undefined, cause: undefined };
    expect(ending).toEqual({ ...none, ...expected });
    const isAuthorized = expected.state === 'authorized';
    // P2: what was created is taken out, or given up.
    expect([claims, releases]).toEqual(isAuthorized ? [1, 0] : [0, 1]);
    expect(context.response?.success).toBe(isAuthorized);
    expect(context.session).toBe(isAuthorized ? session : undefined);
  });

  test('an address that is none is a defect, which says so', async () => {
    const { ending } = await run({}, '');
    expect(ending).toMatchObject({ state: 'failedUnexpectedly', code: 'unknown' });
    expect((ending.cause as Error).message).toBe('init() got no valid ipAddress.');
  });
});

test('the machine is called sessionInit', () => {
  expect(sessionInitMachine.id).toBe('sessionInit');
});
