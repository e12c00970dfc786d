import { describe, expect, test } from '@jest/globals';
import type { TerminalState } from '../../src/machines/terminal-states.js';
import { DEADLINES, InitWorld, type Script } from '../support/init-world.js';
import { BEHAVIOURS, type Behaviour, YES } from '../support/scripted-backends.js';

/*
 * Every behaviour of a backend, in each of the three phases, crossed with the caller's abort and with a drain at times
 * before, in and after each phase. What must come out is computed by an oracle that knows nothing of the machine.
 */

const passes = BEHAVIOURS.filter(
  ({ after, means }) => means === 'yes' && after !== undefined && after < DEADLINES.session,
);

/** A later phase matters only if the earlier ones are passed. */
const SCRIPTS: readonly Script[] = [
  ...BEHAVIOURS.filter((it) => !passes.includes(it)).map((authentication) => ({
    authentication,
    authorization: YES,
    session: YES,
  })),
  ...passes.flatMap((authentication) =>
    BEHAVIOURS.filter((it) => !passes.includes(it)).map((authorization) => ({
      authentication,
      authorization,
      session: YES,
    })),
  ),
  ...passes.flatMap((authentication) =>
    passes.flatMap((authorization) => BEHAVIOURS.map((session) => ({ authentication, authorization, session }))),
  ),
];

type Expected = { state: TerminalState; code?: string };

/** Off the grid of the behaviours' own times, so that nothing comes at the same moment. */
const MOMENTS = [1, 225, 475, 701, 1_001, 1_151, 3_001];
const DRAIN_DEADLINE = 301;

const PHASES = [
  {
    of: (script: Script) => script.authentication,
    no: { state: 'authenticationDenied', code: 'authentication_denied' },
    fault: { state: 'authenticationSystemFailed', code: 'authentication_sys_fail' },
    late: { state: 'authAttemptTimedOut', code: 'auth_attempt_timeout' },
  },
  {
    of: (script: Script) => script.authorization,
    no: { state: 'notAuthorized', code: 'user_not_authorized' },
    fault: { state: 'refused', code: 'authorizer_failed' },
    late: { state: 'authAttemptTimedOut', code: 'auth_attempt_timeout' },
  },
  {
    of: (script: Script) => script.session,
    no: { state: 'refused', code: 'session_limit' },
    fault: { state: 'sessionManagerFailed', code: 'session_manager_fail' },
    late: { state: 'sessionManagerFailed', code: 'session_manager_fail' },
  },
] as const;

/** What comes of an init that is ended with `code` at the moment `endedAt`, if that is not too late. */
function expected(script: Script, endedAt: number, code: string): Expected {
  let time = 0;
  for (const phase of PHASES) {
    const behaviour = phase.of(script);
    const isInTime = behaviour.after !== undefined && behaviour.after < DEADLINES.session;
    const phaseEnd = time + (isInTime ? (behaviour.after as number) : DEADLINES.session);
    if (endedAt < Math.min(phaseEnd, DEADLINES.request) || endedAt === 0) return { state: 'refused', code };
    if (phaseEnd > DEADLINES.request) return { state: 'requestTimedOut', code: 'request_timed_out' };
    if (!isInTime) return phase.late;
    if (behaviour.means === 'overload') return { state: 'refused', code: 'overloaded' };
    if (behaviour.means === 'fault') {
      const isDetail = phase === PHASES[2] && behaviour.name.startsWith('answers');
      return isDetail ? { state: 'sessionDetailsMissing', code: 'session_details_missing' } : phase.fault;
    }
    if (behaviour.means === 'no') return phase.no;
    time = phaseEnd;
  }
  return { state: 'authorized' };
}

function check(world: InitWorld, outcome: Expected): void {
  world.checkPromises();
  expect(world.records.map(({ state, code }) => ({ state, ...(code !== undefined && { code }) }))).toEqual([outcome]);
}

const titleOf = ({ authentication, authorization, session }: Script) =>
  [authentication, authorization, session].map(({ name }: Behaviour) => name).join(' / ');

describe.each(['compiled', 'actor'] as const)(
  'P1-P5, P7, ASVS 16.5.2, 16.5.3: whatever a backend does, on the engine %s',
  (engine) => {
    test.each(SCRIPTS.map((script) => [titleOf(script), script] as const))('%s', async (_, script) => {
      const undisturbed = new InitWorld(() => script, { engine });
      undisturbed.init('alice');
      await undisturbed.comeToRest();
      check(undisturbed, expected(script, Number.POSITIVE_INFINITY, ''));

      const early = new InitWorld(() => script, { engine });
      early.init('alice', AbortSignal.abort());
      await early.comeToRest();
      check(early, expected(script, 0, 'cancelled'));

      for (const moment of MOMENTS) {
        const aborted = new InitWorld(() => script, { engine });
        const caller = new AbortController();
        aborted.init('alice', caller.signal);
        await aborted.clock.advance(moment);
        caller.abort();
        await aborted.comeToRest();
        check(aborted, expected(script, moment, 'cancelled'));

        const drained = new InitWorld(() => script, { engine });
        drained.init('alice');
        await drained.clock.advance(moment);
        const drain = drained.orchestrator.drain(DRAIN_DEADLINE);
        await drained.comeToRest();
        await drain;
        check(drained, expected(script, moment + DRAIN_DEADLINE, 'draining'));
      }
    });
  },
);
