import { describe, expect, test } from '@jest/globals';
import { allOf, chain, firstOf } from '../../../../src/adapters/authenticators/chain.js';
import { BackendFaultError, ClosedError, staticAuthenticator } from '../../../../src/index.js';
import { simulatedClock } from '../../../../src/testing/index.js';
import { ask, asked, backends, faultOf, inWords, live } from '../../../support/ask-composition.js';
import { type Said, said } from '../../../support/said.js';

describe('the path', () => {
  /** Says yes after so many milliseconds. */
  const slow = (name: string, clock: ReturnType<typeof simulatedClock>, milliseconds: number) =>
    said(name, async () => {
      clock.increment(milliseconds);
      return { outcome: 'denied', cause: 'unknownUser' };
    });

  test('says who said what, and in how long', async () => {
    const clock = simulatedClock();
    const outcome = await ask(firstOf([slow('corp', clock, 30), said('lab', 'wrong'), said('x', 'yes')], { clock }));
    expect(outcome.path).toEqual([
      { backend: 'corp', outcome: 'denied', cause: 'unknownUser', milliseconds: 30 },
      { backend: 'lab', outcome: 'denied', cause: 'wrongSecret', milliseconds: 0 },
    ]);
    expect(await ask(firstOf([said('x', 'yes')], { clock }))).toMatchObject({
      path: [{ backend: 'x', outcome: 'authenticated', milliseconds: 0 }],
    });
  });

  test('is in the error, too, with the code of each fault', async () => {
    const all = [said('a', 'fault'), said('b', 'overload'), said('c', 'garbage'), said('d', 'unknown')];
    const error = await faultOf(ask(firstOf(all, { onFault: 'continue', name: 'people' })));
    expect(inWords(error.path)).toBe(
      'a failed backend_fault, b failed overloaded, c failed backend_fault, d denied unknownUser',
    );
    expect(error.message).toBe('people: a failed.');
    expect(error.cause).toMatchObject({ message: 'a is down' });
  });

  test('shows those within, of an outcome and of an error', async () => {
    const nested = firstOf([
      firstOf([said('a', 'unknown'), said('b', 'unknown')], { name: 'one' }),
      firstOf([said('c', 'fault')], { name: 'two' }),
    ]);
    expect(inWords((await faultOf(ask(nested))).path)).toBe(
      'one denied unknownUser (a denied unknownUser, b denied unknownUser), two failed backend_fault (c failed backend_fault)',
    );
    const happy = await ask(firstOf([firstOf([said('a', 'yes')], { name: 'one' })]));
    expect(inWords(happy.path)).toBe('one authenticated (a authenticated)');
  });

  test('belongs to one call, whatever happens at the same time', async () => {
    const authenticator = firstOf(backends('unknown', 'yes'));
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => ask(authenticator)));
    for (const { path } of outcomes) expect(inWords(path)).toBe('a denied unknownUser, b authenticated');
    expect(new Set(outcomes.map(({ path }) => path)).size).toBe(50);
  });
});

describe('a call that is given up', () => {
  test('asks nobody if it was aborted before', async () => {
    const all = backends('yes');
    const caller = new AbortController();
    caller.abort(new Error('gone'));
    await expect(ask(firstOf(all), {}, caller.signal)).rejects.toThrow('gone');
    expect(asked(all)).toBe('0');
  });

  test.each(['unknown', 'fault', 'yes'] as const)('asks no other link, after a late %s', async (word) => {
    const caller = new AbortController();
    const late = said('late', async (credentials, options) => {
      caller.abort(new Error('gone'));
      return said('late', word).authenticate(credentials, options);
    });
    const next = said('next', 'yes');
    const links = [
      { authenticator: late, onSuccess: 'continue', onFault: 'continue' } as const,
      { authenticator: next },
    ];
    await expect(ask(chain(links), {}, caller.signal)).rejects.toThrow('gone');
    expect(asked([next])).toBe('0');
  });

  test('reaches the link that is being asked', async () => {
    const caller = new AbortController();
    const call = ask(firstOf([said('hanging', 'hang')]), {}, caller.signal);
    caller.abort(new Error('gone'));
    await expect(call).rejects.toThrow(BackendFaultError);
  });
});

describe('close', () => {
  const failing = (name: string): Said => {
    const backend = said(name, 'yes');
    return Object.assign(backend, {
      close: async () => {
        backend.closed++;
        throw new Error(`${name} does not close`);
      },
    });
  };

  test('closes every link once, however often it is called, and asks nobody afterwards', async () => {
    const all = backends('unknown', 'yes');
    const authenticator = firstOf(all);
    await Promise.all([authenticator.close(), authenticator.close()]);
    await authenticator.close();
    expect(all.map(({ closed }) => closed)).toEqual([1, 1]);
    await expect(ask(authenticator)).rejects.toThrow(ClosedError);
    await expect(authenticator.probe({ signal: live() })).rejects.toThrow(ClosedError);
    expect(asked(all)).toBe('00');
  });

  test('closes the others though some do not close, and says which', async () => {
    const all = [failing('a'), said('b', 'yes'), failing('c')];
    const authenticator = chain(all.map((authenticator) => ({ authenticator })));
    const error = await faultOf(authenticator.close());
    expect(error.message).toBe('chain: a, c could not be closed; the others are.');
    expect((error.cause as AggregateError).errors).toMatchObject([
      { message: 'a does not close' },
      { message: 'c does not close' },
    ]);
    expect(all.map(({ closed }) => closed)).toEqual([1, 1, 1]);
    await expect(authenticator.close()).rejects.toBe(error);
  });

  test('closes an authenticator once that is two links, and one without close not at all', async () => {
    const twice = said('a', 'yes');
    const { name, authenticate } = said('b', 'yes');
    await chain([
      { authenticator: twice },
      { authenticator: twice, name: 'again' },
      { authenticator: { name, authenticate } },
    ]).close();
    expect(twice.closed).toBe(1);
  });

  test('between two links ends the call', async () => {
    const next = said('next', 'yes');
    const first = said('first', async () => {
      void authenticator.close();
      return { outcome: 'denied', cause: 'unknownUser' };
    });
    const authenticator = firstOf([first, next]);
    await expect(ask(authenticator)).rejects.toThrow(ClosedError);
    expect(asked([next])).toBe('0');
  });
});

describe('probe', () => {
  test('asks all links that can be asked, and says which failed', async () => {
    const all = [said('a', 'fault'), said('b', 'yes'), said('c', 'fault'), staticAuthenticator({ users: {} })];
    const error = await faultOf(firstOf(all).probe({ signal: live() }));
    expect(error).toBeInstanceOf(BackendFaultError);
    expect(error.message).toBe('first-of: no sign of life from a, c.');
    await expect(allOf(backends('yes', 'unknown')).probe({ signal: live() })).resolves.toBeUndefined();
  });

  test('of a nested one names the backend in its causes', async () => {
    const inner = firstOf([said('deep', 'fault')], { name: 'inner' });
    const error = await faultOf(firstOf([inner]).probe({ signal: live() }));
    expect([error.message, (error.cause as Error).message, ((error.cause as Error).cause as Error).message]).toEqual([
      'first-of: no sign of life from inner.',
      'inner: no sign of life from deep.',
      'deep is down',
    ]);
  });
});
