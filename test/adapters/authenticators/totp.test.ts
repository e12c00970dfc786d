import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { allOf, chain } from '../../../src/adapters/authenticators/chain.js';
import { staticAuthenticator } from '../../../src/adapters/authenticators/static.js';
import { usedStepsInMemory } from '../../../src/adapters/authenticators/totp/used-steps.js';
import { totpAuthenticator, type UsedSteps } from '../../../src/adapters/authenticators/totp.js';
import {
  allowAllAuthorizer,
  createSessionOrchestrator,
  FailedSessionInitInfo,
  memorySessionManager,
} from '../../../src/index.js';
import { Secret } from '../../../src/model/secret.js';
import { authenticatorContract, simulatedClock } from '../../../src/testing/index.js';
import { tempFolder } from '../../support/temp-folder.js';
import { ADA, BOB, codeAt, openTotp, PERIOD, SECRETS, UNKNOWN, USED, WRONG, YES } from '../../support/totp.js';

const { signal } = new AbortController();
const folder = tempFolder();

describe('RFC 6238, appendix B', () => {
  const base32 = {
    sha1: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ',
    sha256: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA',
    sha512: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNA',
  };

  test.each([
    [59, '94287082', '46119246', '90693936'],
    [1_111_111_109, '07081804', '68084774', '25091201'],
    [1_111_111_111, '14050471', '67062674', '99943326'],
    [1_234_567_890, '89005924', '91819424', '93441116'],
    [2_000_000_000, '69279037', '90698825', '38618901'],
    [20_000_000_000, '65353130', '77737706', '47863826'],
  ])('at %i s', async (seconds, ...codes) => {
    const clock = simulatedClock({ startAt: seconds * 1_000 });
    for (const [index, algorithm] of (['sha1', 'sha256', 'sha512'] as const).entries()) {
      const secret = new Secret(base32[algorithm]);
      const { give } = openTotp({ secretOf: () => secret, digits: 8, window: 0, algorithm, clock });
      expect(await give(codes[index] as string)).toEqual(YES);
      expect(await give(codes[(index + 1) % 3] as string)).toEqual(WRONG);
    }
  });
});

describe('keeps the contract, with codes that can be used again', () => {
  const clock = simulatedClock();
  const options = { digits: 8, clock, usedSteps: { claim: async () => true } } as const;
  const users = [
    { username: 'ada', secret: codeAt(clock.now(), ADA, options) },
    { username: 'bob', secret: codeAt(clock.now(), BOB, options) },
  ];
  const cases = authenticatorContract({
    create: () => openTotp(options).authenticator,
    createBroken: () => totpAuthenticator({ ...options, path: join(folder, 'absent.json') }),
    users,
  });
  for (const { name, run } of cases) test(name, run);
});

describe('a code', () => {
  test.each([
    [-2, 1, WRONG],
    [-1, 1, YES],
    [0, 1, YES],
    [1, 1, YES],
    [2, 1, WRONG],
    [-1, 0, WRONG],
    [0, 0, YES],
    [1, 0, WRONG],
    [3, 3, YES],
    [-4, 3, WRONG],
  ])('of %i periods from now, with a window of %i', async (periods, window, outcome) => {
    const { clock, give } = openTotp({ window });
    for (const within of [0, PERIOD - 1]) {
      clock.set(Math.floor(clock.now() / PERIOD + 1) * PERIOD + within);
      expect(await give(codeAt(clock.now() + periods * PERIOD))).toEqual(outcome);
      clock.increment(10 * PERIOD);
    }
  });

  test('is used once, for as long as it would be accepted', async () => {
    const { clock, give } = openTotp();
    const code = codeAt(clock.now() + PERIOD);
    expect(await give(code)).toEqual(YES);
    while (codeAt(clock.now() - PERIOD) !== code) {
      expect(await give(code)).toEqual(USED);
      clock.increment(PERIOD / 2);
    }
    clock.set(Math.floor(clock.now() / PERIOD) * PERIOD + PERIOD - 1);
    expect(await give(code)).toEqual(USED);
    clock.increment(1);
    expect(await give(code)).toEqual(WRONG);
    expect(await give(codeAt(clock.now()))).toEqual(YES);
  });

  test('that comes a hundred times at once opens once', async () => {
    const { clock, give } = openTotp();
    const code = codeAt(clock.now());
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => give(code)));
    expect(outcomes.filter(({ outcome }) => outcome === 'authenticated')).toHaveLength(1);
    expect(outcomes.filter((outcome) => 'cause' in outcome && outcome.cause === 'codeUsed')).toHaveLength(99);
  });

  test('opens once though the look-up takes any spelling of a name for the same', async () => {
    const { clock, give } = openTotp({ secretOf: (user) => SECRETS.get(user.trim().toLowerCase()) });
    expect(await give(codeAt(clock.now()), 'ada')).toEqual(YES);
    for (const spelling of ['ADA', 'Ada', ' ada']) expect(await give(codeAt(clock.now()), spelling)).toEqual(USED);
  });

  test('opens once on all nodes that share a store', async () => {
    const clock = simulatedClock();
    const usedSteps = usedStepsInMemory(clock);
    const nodes = [1, 2, 3].map(() => openTotp({ clock, usedSteps }));
    const outcomes = await Promise.all(nodes.flatMap(({ give }) => [1, 2].map(() => give(codeAt(clock.now())))));
    expect(outcomes.filter(({ outcome }) => outcome === 'authenticated')).toHaveLength(1);
  });

  test('of one user is none of another, and leaves that one its own', async () => {
    const { clock, give } = openTotp();
    expect(await give(codeAt(clock.now()), 'bob')).toEqual(WRONG);
    expect(await give(codeAt(clock.now(), BOB), 'bob')).toMatchObject({ user: 'bob' });
    expect(await give(codeAt(clock.now()))).toEqual(YES);
  });

  test('which is wrong takes nothing from the right one', async () => {
    const claims: unknown[] = [];
    const usedSteps: UsedSteps = { claim: async (...claim) => claims.push(claim) > 0 };
    const { clock, give } = openTotp({ usedSteps });
    const right = codeAt(clock.now());
    const wrong = [codeAt(clock.now(), BOB), '', right.slice(1), `${right}0`, ` ${right}`, `${right}\n`, `+${right}`];
    const digits = [...right].map((digit) => String.fromCodePoint(0x660 + Number(digit))).join('');
    for (const code of [...wrong, digits, '1e5', '-00001', 'x'.repeat(4_096)]) expect(await give(code)).toEqual(WRONG);
    expect(claims).toHaveLength(0);
    expect(await give(right)).toEqual(YES);
    const step = Math.floor(clock.now() / PERIOD);
    expect(claims).toEqual([[expect.stringMatching(/^[\da-f]{32}$/), step, (step + 2) * PERIOD, expect.anything()]]);
  });

  test('of a user who has no secret is denied, whatever it is', async () => {
    const { clock, give } = openTotp();
    for (const user of ['eve', '', '__proto__', 'toString']) {
      for (const code of [codeAt(clock.now()), '', '000000']) expect(await give(code, user)).toEqual(UNKNOWN);
    }
  });

  test('fits a secret in the form that apps show', async () => {
    for (const form of [ADA.toLowerCase(), ADA.replaceAll(/....(?!$)/g, '$& '), `${ADA.slice(0, 8)}-${ADA.slice(8)}`]) {
      const { clock, give } = openTotp({ secretOf: () => new Secret(form) });
      expect(await give(codeAt(clock.now()))).toEqual(YES);
    }
  });

  test('is used in a process of days without end, and the memory of it ends', async () => {
    const clock = simulatedClock();
    const steps = usedStepsInMemory(clock);
    for (let step = 0; step < 1_000; step++) {
      expect(await steps.claim('key', step, clock.now() + 3 * PERIOD, { signal })).toBe(true);
      expect(await steps.claim('key', step, clock.now() + 3 * PERIOD, { signal })).toBe(false);
      clock.increment(PERIOD);
    }
    // What has expired is forgotten, and would not be accepted any more.
    expect(await steps.claim('key', 0, clock.now() + PERIOD, { signal })).toBe(true);
  });
});

describe('as the second factor', () => {
  const passwords = staticAuthenticator({ users: { ada: 'Marked-Password-1', carol: 'Marked-Password-2' } });

  async function init(authenticator: ReturnType<typeof allOf>, message: object) {
    const orchestrator = createSessionOrchestrator({
      authenticator,
      authorizer: allowAllAuthorizer(),
      sessionManager: memorySessionManager(),
    });
    const { data } = await orchestrator.init(message, { ipAddress: '192.0.2.1' });
    return data instanceof FailedSessionInitInfo ? data.reason : 'authorized';
  }

  test('a password and a code, together or apart', async () => {
    const { clock, authenticator: codes } = openTotp();
    const both = allOf([passwords, codes], { split: ',' });
    const code = codeAt(clock.now());
    const of = (user_secret: string, rest: object = {}) => ({ username: 'ada', user_secret, ...rest });
    expect(await init(both, of(`Marked-Wrong-1,${code}`))).toBe('AUTHENTICATION_DENIED');
    expect(await init(both, of('Marked-Password-1,000000'))).toBe('AUTHENTICATION_DENIED');
    expect(await init(both, of('Marked-Password-1'))).toBe('AUTHENTICATION_DENIED');
    expect(await init(both, of(code))).toBe('AUTHENTICATION_DENIED');
    expect(await init(both, of(`Marked-Password-1,${code}`))).toBe('authorized');
    expect(await init(both, of(`Marked-Password-1,${code}`))).toBe('AUTHENTICATION_DENIED');
    clock.increment(PERIOD);
    expect(await init(both, of('Marked-Password-1', { one_time_code: codeAt(clock.now()) }))).toBe('authorized');
  });

  test('who has no secret is denied, unless the chain asks for codes only where there is one', async () => {
    const { clock, authenticator: codes } = openTotp();
    const carol = { username: 'carol', user_secret: 'Marked-Password-2' };
    expect(await init(allOf([passwords, codes]), { ...carol, one_time_code: '000000' })).toBe('AUTHENTICATION_DENIED');
    const optional = chain(
      [
        { authenticator: passwords, onSuccess: 'continue' },
        { authenticator: codes, onUnknownUser: 'accept' },
      ],
      { identities: 'merged' },
    );
    expect(await init(optional, carol)).toBe('authorized');
    const ada = { username: 'ada', user_secret: 'Marked-Password-1' };
    expect(await init(optional, ada)).toBe('AUTHENTICATION_DENIED');
    expect(await init(optional, { ...ada, one_time_code: codeAt(clock.now()) })).toBe('authorized');
  });

  test('ASVS 6.3.1: guesses at a code count, and lock', async () => {
    const { clock, authenticator: codes } = openTotp();
    const orchestrator = createSessionOrchestrator({
      authenticator: allOf([passwords, codes], { split: ',' }),
      authorizer: allowAllAuthorizer(),
      sessionManager: memorySessionManager(),
      clock,
    });
    const guess = async (code: string) => {
      const message = { username: 'ada', user_secret: `Marked-Password-1,${code}` };
      const { data } = await orchestrator.init(message, { ipAddress: '192.0.2.1' });
      return data instanceof FailedSessionInitInfo ? data.code : 'authorized';
    };
    const answers = new Set<string | undefined>();
    for (let attempt = 0; attempt < 101; attempt++) answers.add(await guess('000000'));
    expect([...answers]).toEqual(['authentication_denied', 'locked']);
    expect(await guess(codeAt(clock.now()))).toBe('locked');
    await orchestrator.close();
  });
});
