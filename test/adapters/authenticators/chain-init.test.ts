import { afterEach, describe, expect, test } from '@jest/globals';
import { allOf, firstOf } from '../../../src/adapters/authenticators/chain.js';
import type { Authenticator, Denied } from '../../../src/adapters/ports.js';
import {
  encodeSessionInitResponse,
  FailedSessionInitInfo,
  type FullAuthSession,
  type SessionOrchestratorOptions,
} from '../../../src/index.js';
import { createTestOrchestrator, type TestOrchestrator } from '../../../src/testing/index.js';
import { said, type Word } from '../../support/said.js';

const opened: TestOrchestrator[] = [];
afterEach(async () => {
  for (const world of opened.splice(0)) await world.close();
});

function open(authenticator: Authenticator, options: Partial<Omit<SessionOrchestratorOptions, 'clock'>> = {}) {
  const world = createTestOrchestrator({ authenticator, throttle: false, ...options });
  opened.push(world);
  return world;
}

const message = { username: 'alice', user_secret: 'marked-password,123456' };

async function reasonOf(world: TestOrchestrator): Promise<string> {
  const response = await world.ask(message);
  const { data } = response;
  const sent = encodeSessionInitResponse(response);
  // Nothing of the path reaches the client, and a session is there only after a yes.
  if (data instanceof FailedSessionInitInfo) expect(sent).not.toMatch(/one|two|path|wrongSecret|unknownUser|down/);
  expect(await world.liveSessions()).toHaveLength(response.success ? 1 : 0);
  return data instanceof FailedSessionInitInfo
    ? `${data.reason} ${data.code}`
    : `session of ${(data as FullAuthSession).user}`;
}

const WORDS: readonly Word[] = ['yes', 'unknown', 'wrong', 'no', 'fault', 'overload', 'garbage', 'defect', 'hang'];
const PAIRS = WORDS.flatMap((one) => WORDS.map((two) => [one, two] as const));

const DENIED = 'AUTHENTICATION_DENIED authentication_denied';
const FAULTS: Partial<Record<Word, string>> = {
  fault: 'AUTHENTICATION_SYS_FAIL authentication_sys_fail',
  garbage: 'AUTHENTICATION_SYS_FAIL authentication_sys_fail',
  overload: 'OTHER overloaded',
  defect: 'UNKNOWN unknown',
};
const TIMED_OUT = 'AUTH_ATTEMPT_TIMEOUT auth_attempt_timeout';

describe.each(PAIRS)('an init on backends of which one says %s and the other %s', (one, two) => {
  const pair = () => [said('one', one), said('two', two)];

  test('firstOf ends in the right reason', async () => {
    const single = (name: string, word: Word) =>
      word === 'yes' ? `session of ${name}:alice` : word === 'hang' ? TIMED_OUT : (FAULTS[word] ?? DENIED);
    const expected = one === 'unknown' ? single('two', two) : single('one', one);
    expect(await reasonOf(open(firstOf(pair())))).toBe(expected);
  });

  test('firstOf that goes on after faults ends in the right reason', async () => {
    const fault = FAULTS[one];
    const second =
      two === 'yes' ? 'session of two:alice' : two === 'hang' ? TIMED_OUT : (fault ?? FAULTS[two] ?? DENIED);
    const expected =
      one === 'yes'
        ? 'session of one:alice'
        : one === 'hang'
          ? TIMED_OUT
          : one === 'wrong' || one === 'no'
            ? DENIED
            : second;
    expect(await reasonOf(open(firstOf(pair(), { onFault: 'continue' })))).toBe(expected);
  });

  test('allOf ends in the right reason', async () => {
    const decisive = one === 'yes' ? two : one;
    const expected =
      decisive === 'yes' ? 'session of alice' : decisive === 'hang' ? TIMED_OUT : (FAULTS[decisive] ?? DENIED);
    expect(await reasonOf(open(allOf(pair(), { split: ',' })))).toBe(expected);
  });
});

test('a link that answers after the deadline of the phase is followed by none', async () => {
  const next = said('next', 'yes');
  let answerLate = (_: Denied) => {};
  const late = said('late', () => new Promise((resolve) => (answerLate = resolve)));
  const world = open(firstOf([late, next]), { deadlines: { authentication: 100 } });
  const answer = world.init(message);
  await world.advance(100);
  expect((await answer).data).toMatchObject({ reason: 'AUTH_ATTEMPT_TIMEOUT' });
  answerLate({ outcome: 'denied', cause: 'unknownUser' });
  await world.advance(10);
  expect([late.seen.length, next.seen.length]).toEqual([1, 0]);
});

describe('which backend said what', () => {
  test('is in the record of the init, with what came within', async () => {
    const world = open(firstOf([firstOf([said('corp', 'unknown')], { name: 'one' }), said('two', 'fault')]));
    await world.ask(message);
    expect(world.records[0]).toMatchObject({
      state: 'authenticationSystemFailed',
      path: [
        { backend: 'one', outcome: 'denied', path: [{ backend: 'corp', outcome: 'denied', cause: 'unknownUser' }] },
        { backend: 'two', outcome: 'failed', cause: 'backend_fault' },
      ],
    });
  });

  test('ASVS 16.2.5: shows neither the whole secret nor a part of it', async () => {
    const telling = (name: string) =>
      said(name, ({ secret }) => Promise.reject(new Error(`${name} does not like ${secret.reveal()}`)));
    for (const authenticator of [
      allOf([telling('one'), said('two', 'yes')], { split: ',' }),
      allOf([said('one', 'yes'), telling('two')], { split: ',' }),
      firstOf([telling('one')]),
      allOf([said('one', 'yes'), allOf([telling('two')], { name: 'inner' })], { split: ',' }),
    ]) {
      const world = open(authenticator);
      await world.ask(message);
      const { cause, path } = world.records[0] ?? {};
      const shown = [...causesOf(cause), JSON.stringify(path)].join();
      expect(shown).toMatch(/withheld/);
      expect(shown).not.toMatch(/marked-password|123456/);
    }
  });
});

function causesOf(error: unknown): string[] {
  return error instanceof Error ? [String(error), String(error.stack), ...causesOf(error.cause)] : [];
}

describe('ASVS 6.3.1: guessing through a composition', () => {
  const throttle = { account: { maxFailures: 3, window: 3_600_000 }, trustKnownAddresses: false };
  const codesOf = async (authenticator: Authenticator, attempts: number) => {
    const world = open(authenticator, { throttle });
    const codes: unknown[] = [];
    for (let attempt = 0; attempt < attempts; attempt++) {
      const { data } = await world.ask(message);
      codes.push(data instanceof FailedSessionInitInfo ? data.code : 'session');
    }
    return codes;
  };
  const fault = 'authentication_sys_fail';

  test('is throttled as everywhere', async () => {
    expect(await codesOf(firstOf([said('one', 'unknown'), said('two', 'wrong')]), 4)).toEqual([
      ...Array(3).fill('authentication_denied'),
      'locked',
    ]);
  });

  test('is throttled while another backend is down, although what is answered is its fault', async () => {
    const authenticator = () => firstOf([said('down', 'fault'), said('two', 'wrong')], { onFault: 'continue' });
    expect(await codesOf(authenticator(), 4)).toEqual([fault, fault, fault, 'locked']);
    const nested = firstOf([authenticator()], { onFault: 'continue' });
    expect(await codesOf(nested, 4)).toEqual([fault, fault, fault, 'locked']);
  });

  test('keycloak#44474: a fault alone is no guess, nor that nobody knows the user', async () => {
    const all = firstOf([said('down', 'fault'), said('two', 'unknown')], { onFault: 'continue' });
    expect(await codesOf(all, 5)).toEqual(Array(5).fill(fault));
    expect(await codesOf(allOf([said('one', 'yes'), said('two', 'fault')]), 5)).toEqual(Array(5).fill(fault));
  });
});
