import { randomInt } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { ConfigurationError, memorySessionManager } from '../../src/index.js';
import { readScript, sentencesOf } from '../../src/testing/exploration/script.js';
import { type Exploration, explore } from '../../src/testing/explore.js';

/** What a reader needs to repeat it stands in the failure. */
function expectNothingBroken({ broken, seed }: Exploration): void {
  expect({ seed, broken }).toEqual({ seed, broken: undefined });
}

describe('P1-P8 on schedules of one scheduler', () => {
  test.each([
    ['compiled', 1],
    ['actor', 2],
    ['compiled', randomInt(2 ** 31)],
  ] as const)(
    'hold on random ones, on the engine %s, seed %i',
    async (engine, seed) => {
      const exploration = await explore({ runs: 400, seed, engine });
      expectNothingBroken(exploration);
      // They were no monotony.
      expect(Object.keys(exploration.states).length).toBeGreaterThanOrEqual(7);
    },
    120_000,
  );

  test('hold on all ways of one init, with two steps off the straight way', async () => {
    const exploration = await explore({ exhaustive: { inits: 1, deviations: 2 } });
    expectNothingBroken(exploration);
    expect(exploration.runs).toBeGreaterThan(400);
  }, 240_000);

  test('hold on all ways of one init, with one step off, and at any of six turns', async () => {
    const exploration = await explore({ exhaustive: { inits: 1, deviations: 2, turns: 6 } });
    expectNothingBroken(exploration);
    expect(exploration.runs).toBeGreaterThan(700);
  }, 240_000);

  test('hold on all ways of two inits, with one step off the straight way', async () => {
    expectNothingBroken(await explore({ exhaustive: { inits: 2, deviations: 1 } }));
  }, 120_000);
});

describe('what an exploration has found once stays fixed', () => {
  test.each([
    [
      'P7: nobody is locked for the attempt of another that has just been forgiven',
      'given maxFailures 1; init bob, session manager at once yes; authenticator answers bob yes; ' +
        'at once: authorizer answers bob yes; 2 turns later: init alice#2; 2 turns later: init bob#3',
    ],
    [
      'P7: one turn earlier',
      'given maxFailures 1; init bob, session manager at once yes; authenticator answers bob yes; ' +
        'at once: authorizer answers bob yes; 1 turn later: init alice#2; 2 turns later: init bob#3',
    ],
  ])('%s', async (_, replay) => {
    expectNothingBroken(await explore({ replay }));
  });
});

describe('an exploration', () => {
  test('is the same for the same seed', async () => {
    const [one, other] = [await explore({ runs: 30, seed: 7 }), await explore({ runs: 30, seed: 7 })];
    expect(one).toEqual(other);
    expect(await explore({ runs: 30, seed: 8 })).not.toEqual(one);
  });

  test("explores a user's own backends, and tells in short sentences what breaks", async () => {
    const { broken } = await explore({
      runs: 500,
      backends: (clock, limits) => {
        const store = memorySessionManager({ clock, ...limits });
        return { sessionManager: { ...store, remove: async () => true } };
      },
    });
    expect(broken?.promise).toBe('P2');
    expect(broken?.says).toMatch(/^session \d+ lives, and \S+ was not told of it$/);
    expect(broken?.script.length).toBeLessThanOrEqual(8);
    expect(broken?.script.join('; ')).toBe(broken?.replay);
  }, 60_000);

  test('of a replay that broke a promise breaks it again', async () => {
    const replay = 'init alice; authenticator answers alice yes; authorizer answers alice yes';
    const backends = () => ({ sessionManager: { ...memorySessionManager(), remove: async () => true } });
    expect((await explore({ replay, backends })).broken).toMatchObject({ promise: 'P2', replay, run: 1 });
    expectNothingBroken(await explore({ replay }));
  });

  test('of all schedules can be done in parts', async () => {
    const bounds = { inits: 1, deviations: 1 };
    const whole = await explore({ exhaustive: bounds });
    const parts = [];
    for (const index of [0, 1, 2]) parts.push(await explore({ exhaustive: { ...bounds, part: { index, of: 3 } } }));
    expect(parts.reduce((sum, { runs }) => sum + runs, 0)).toBe(whole.runs);
    expect(parts.every(({ runs }) => runs > 0)).toBe(true);
    expect(parts.reduce((sum, { states }) => sum + (states.refused ?? 0), 0)).toBe(whole.states.refused);
  });

  test('ends when it is told to', async () => {
    expect(await explore({ runs: 1_000, onRun: (runs) => runs < 3 })).toMatchObject({ runs: 3 });
  });
});

describe('an option that cannot work', () => {
  test.each([
    [{ runs: 0 }, /^runs must be a whole number from 1 on, and is 0\.$/],
    [{ run: 5 }, /^explore has no option run\. There are: runs, seed, /],
    [{ seed: -1, engine: 'steam' }, /^seed must be .* engine must be 'compiled' or 'actor'\.$/],
    [{ exhaustive: { inits: 0 } }, /^exhaustive\.inits must be a whole number from 1 on/],
    [{ exhaustive: { Turns: 1 } }, /^exhaustive has no option Turns\. Is turns meant\?$/],
    [{ exhaustive: { part: { index: 3, of: 3 } } }, /^exhaustive\.part\.index must be a whole number from 0 to 2/],
    [{ replay: 7 }, /^replay must be a script/],
  ])('is told with what was expected: %j', async (options, message) => {
    const error = await explore(options as never).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toMatch(message);
  });
});

describe('a script', () => {
  const WHOLE = [
    'given engine actor, limitPolicy evictOldest, maxSessionsPerUser 1, maxInFlight 2, maxQueued 0, maxFailures 3',
    'init alice#2, authenticator at once yes, session manager at once an error',
    'authenticator answers alice overload',
    'at once: session manager creates for alice#2',
    '1 turn later: caller of bob leaves',
    '12 turns later: time passes 500 ms',
    'the process stalls 1 ms',
    'drain within 0 ms',
    'the next removal fails',
  ];

  test('reads as it is written', () => {
    expect(sentencesOf(readScript(WHOLE.join('; ')))).toEqual(WHOLE);
    expect(sentencesOf(readScript(WHOLE.join('\n')))).toEqual(WHOLE);
  });

  test.each([
    [
      'authenticator answers alice maybe',
      /'authenticator answers alice maybe' is no sentence.*'authenticator answers alice yes'/,
    ],
    ['init ALICE', /is no sentence/],
    ['given maxInFlight 0', /'maxInFlight 0' is no setting.*maxInFlight \(a number\)/],
    ['given limitPolicy none', /limitPolicy \(allow, reuse, evictOldest, refuse\)/],
    ['given constructor 1', /is no setting/],
  ])('that is wrong is refused with what was expected: %s', async (replay, message) => {
    const error = await explore({ replay }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toMatch(message);
  });
});
