import { describe, expect, test } from '@jest/globals';
import type { Authenticator } from '../../../src/adapters/ports.js';
import { type ResilienceOptions, resilient } from '../../../src/adapters/resilience/index.js';
import {
  allowAllAuthorizer,
  createSessionOrchestrator,
  type FailedSessionInitInfo,
  memorySessionManager,
} from '../../../src/index.js';
import { type SimulatedClock, simulatedClock } from '../../../src/testing/index.js';
import { said } from '../../support/said.js';

const DURATION = 3_000;
const ANSWERS_AFTER = 5;

/** Says yes after 5 ms. */
function healthy(clock: SimulatedClock): Authenticator {
  return said('healthy', ({ username: user }) => {
    return new Promise((resolve) => {
      clock.setTimeout(() => resolve({ outcome: 'authenticated', user }), ANSWERS_AFTER);
    });
  });
}

/** For three seconds, 1,000 inits per second come for a black hole and 500 for a healthy backend, which share 100 places. */
async function run(guard: (blackHole: Authenticator, clock: SimulatedClock) => Authenticator) {
  const clock = simulatedClock();
  const blackHole = said('black-hole', 'hang');
  const backends = { hole: guard(blackHole, clock), healthy: healthy(clock) };
  const orchestrator = createSessionOrchestrator({
    authenticator: {
      name: 'by-realm',
      authenticate: (credentials, options) =>
        backends[credentials.username.startsWith('hole') ? 'hole' : 'healthy'].authenticate(credentials, options),
    },
    authorizer: allowAllAuthorizer(),
    sessionManager: memorySessionManager({ clock }),
    maxInFlight: 100,
    throttle: false,
    clock,
  });
  const ask = (user: string) =>
    orchestrator.init({ username: user, user_secret: 'marked-user-secret-1' }, { ipAddress: '192.0.2.1' });
  const durations: number[] = [];
  const reasons: Record<string, number> = {};
  const asked: Promise<void>[] = [];
  for (let now = 0; now < DURATION; now++) {
    asked.push(
      ask(`hole-${now}`).then(({ data }) => {
        const { reason, code } = data as FailedSessionInitInfo;
        const key = `${reason} ${code}`;
        reasons[key] = (reasons[key] ?? 0) + 1;
      }),
    );
    if (now % 2 === 0) {
      asked.push(
        ask(`healthy-${now}`).then(({ success }) => {
          durations.push(success ? clock.monotonic() - now : Number.POSITIVE_INFINITY);
        }),
      );
    }
    await clock.advance(1);
  }
  await clock.advance(20_000);
  await Promise.all(asked);
  await orchestrator.close();
  return { slowest: Math.max(...durations), count: durations.length, reasons, reached: blackHole.seen.length };
}

const options: ResilienceOptions = { deadline: 400, maxConcurrent: 16, maxQueued: 32 };

describe('while 1,000 inits per second come for a backend that accepts and never answers', () => {
  test('inits on another backend take as long as ever', async () => {
    const breaker = { failures: 5, openFor: 500 };
    const { slowest, count, reasons, reached } = await run((hole, clock) =>
      resilient(hole, { ...options, breaker, clock }),
    );
    expect([slowest, count]).toEqual([ANSWERS_AFTER, DURATION / 2]);
    // Some filled the places until the breaker opened, and since then one in a while tries.
    expect(reached).toBeLessThan(40);
    expect(Object.keys(reasons).sort()).toEqual([
      'AUTHENTICATION_SYS_FAIL authentication_sys_fail',
      'OTHER overloaded',
    ]);
  }, 120_000);

  test('they do so by the bound alone', async () => {
    const { slowest, count } = await run((hole, clock) => resilient(hole, { ...options, breaker: false, clock }));
    expect([slowest, count]).toEqual([ANSWERS_AFTER, DURATION / 2]);
  }, 120_000);

  test('without anything before it, they do not', async () => {
    const { slowest } = await run((hole) => hole);
    expect(slowest).toBeGreaterThan(1_000);
  }, 120_000);
});
