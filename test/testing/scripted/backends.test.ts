import { describe, expect, test } from '@jest/globals';
import type { Credentials } from '../../../src/adapters/ports.js';
import { ConfigurationError, DefectError, OverloadedError } from '../../../src/model/errors.js';
import { Secret } from '../../../src/model/secret.js';
import { FullAuthSession } from '../../../src/model/session.js';
import {
  answers,
  answersWith,
  denies,
  first,
  garbles,
  hangs,
  scriptedAuthenticator,
  scriptedAuthorizer,
  scriptedSessionManager,
  simulatedClock,
  throws,
} from '../../../src/testing/index.js';

const credentials = (username = 'alice'): Credentials => ({ username, secret: new Secret('marked-user-secret-1') });
const signal = () => new AbortController().signal;

/** Notes how a promise is settled, if it is. */
function watch(promise: Promise<unknown>): { is: unknown } {
  const seen: { is: unknown } = { is: 'pending' };
  promise.then(
    (value) => {
      seen.is = value;
    },
    (error) => {
      seen.is = { error };
    },
  );
  return seen;
}

describe('what a scripted backend does', () => {
  test('without a script, each says yes as a real one does', async () => {
    const clock = simulatedClock();
    const [authenticator, authorizer] = [scriptedAuthenticator({ clock }), scriptedAuthorizer({ clock })];
    expect(await authenticator.authenticate(credentials(), { signal: signal() })).toEqual({
      outcome: 'authenticated',
      user: 'alice',
    });
    expect(await authorizer.authorize({ user: 'alice' }, { signal: signal() })).toEqual({ outcome: 'authorized' });
    const sessions = scriptedSessionManager({ clock });
    const creation = await sessions.create({ user: 'alice', ipAddress: '192.0.2.1' }, { signal: signal() });
    const session = creation.outcome === 'created' ? creation.session : undefined;
    expect(await sessions.findBySecret(session?.session_secret as Secret)).toBeInstanceOf(FullAuthSession);
    expect(await sessions.remove(session?.session_id as number)).toBe(true);
  });

  test('answers, denies, throws any value, answers garbage', async () => {
    const authenticator = scriptedAuthenticator({ clock: simulatedClock() });
    const ask = () => authenticator.authenticate(credentials(), { signal: signal() });
    authenticator.on('authenticate', answers({ outcome: 'authenticated', user: 'bob', groups: ['staff'] }));
    expect(await ask()).toEqual({ outcome: 'authenticated', user: 'bob', groups: ['staff'] });
    authenticator.on('authenticate', denies('locked'));
    expect(await ask()).toEqual({ outcome: 'denied', cause: 'locked' });
    authenticator.on('authenticate', throws());
    await expect(ask()).rejects.toMatchObject({ code: 'backend_fault' });
    for (const value of [new OverloadedError('full'), 'text', undefined, null]) {
      authenticator.on('authenticate', throws(value));
      await expect(ask()).rejects.toBe(value);
    }
    authenticator.on('authenticate', garbles(42));
    expect(await ask()).toBe(42);
    authenticator.on('authenticate', answers());
    expect(await ask()).toMatchObject({ user: 'alice' });
  });

  test('answers with what is made of the usual answer, which is not made unless asked for', async () => {
    const sessions = scriptedSessionManager({ clock: simulatedClock() });
    const create = () => sessions.create({ user: 'alice', ipAddress: '192.0.2.1' }, { signal: signal() });
    sessions.on(
      'create',
      answersWith(() => ({ outcome: 'limitReached' })),
    );
    expect(await create()).toEqual({ outcome: 'limitReached' });
    expect(await sessions.listByUser('alice')).toEqual([]);
    sessions.on(
      'create',
      answersWith(async (usual) => ({ ...(await usual()), evicted: [7] })),
    );
    expect(await create()).toMatchObject({ outcome: 'created', evicted: [7] });
  });

  test('what is done later is done at its time, and not before: a session, too', async () => {
    const clock = simulatedClock();
    const sessions = scriptedSessionManager({ clock }).on('create', answers().after(200));
    const created = watch(sessions.create({ user: 'alice', ipAddress: '192.0.2.1' }, { signal: signal() }));
    await clock.advance(199);
    expect([created.is, (await sessions.listByUser(undefined)).length]).toEqual(['pending', 0]);
    await clock.advance(1);
    expect(created.is).toMatchObject({ outcome: 'created' });
  });

  test('what throws synchronously throws before it returns a promise', () => {
    const authorizer = scriptedAuthorizer({ clock: simulatedClock() });
    authorizer.on('authorize', throws(new Error('at once')).synchronously());
    expect(() => authorizer.authorize({ user: 'alice' }, { signal: signal() })).toThrow('at once');
    expect(authorizer.calls).toMatchObject([{ state: 'failed', error: new Error('at once') }]);
  });

  test('depends on the arguments, if the script is a function', async () => {
    const authenticator = scriptedAuthenticator({ clock: simulatedClock() });
    authenticator.on('authenticate', ({ username }) => (username === 'eve' ? denies('wrongSecret') : answers()));
    const ask = (username: string) => authenticator.authenticate(credentials(username), { signal: signal() });
    expect([await ask('alice'), await ask('eve')].map(({ outcome }) => outcome)).toEqual(['authenticated', 'denied']);
  });

  test('asks the real one behind it, where there is one', async () => {
    const real = { name: 'real', authenticate: async () => ({ outcome: 'denied' as const, cause: 'expired' }) };
    const authenticator = scriptedAuthenticator({ clock: simulatedClock(), over: real });
    const ask = () => authenticator.authenticate(credentials(), { signal: signal() });
    expect([authenticator.name, await ask()]).toEqual(['real', { outcome: 'denied', cause: 'expired' }]);
    authenticator.on('authenticate', first(throws()).andAlways(answers()));
    await expect(ask()).rejects.toThrow();
    expect(await ask()).toEqual({ outcome: 'denied', cause: 'expired' });
    await authenticator.close?.();
  });
});

describe('an abort', () => {
  test.each([
    ['is heeded: a hanging call is rejected with its reason', hangs(), { error: 'gone' }],
    ['is heeded: a late answer is not given', answers().after(10), { error: 'gone' }],
    ['is ignored by what ignores it', answers().after(10).ignoresAbort(), { outcome: 'authorized' }],
    ['is ignored by what hangs and ignores it', hangs().ignoresAbort(), 'pending'],
    ['brings the answer of what answers on it', hangs().answersOnAbort(), { outcome: 'authorized' }],
  ])('%s', async (_, behaviour, expected) => {
    const clock = simulatedClock();
    const authorizer = scriptedAuthorizer({ clock }).on('authorize', behaviour);
    for (const isEarly of [true, false]) {
      const caller = new AbortController();
      if (isEarly) caller.abort('gone');
      const seen = watch(authorizer.authorize({ user: 'alice' }, { signal: caller.signal }));
      await clock.advance(0);
      caller.abort('gone');
      await clock.advance(100);
      expect(seen.is).toEqual(expected);
      expect(clock.pending).toBe(0);
    }
  });

  test('a signal that nobody asks for is not read', async () => {
    const authorizer = scriptedAuthorizer({ clock: simulatedClock() });
    const options = {
      get signal(): AbortSignal {
        throw new Error('read');
      },
    };
    authorizer.on('authorize', first(answers()).andThen(answers().after(1).ignoresAbort()));
    expect(await authorizer.authorize({ user: 'alice' }, options)).toEqual({ outcome: 'authorized' });
    watch(authorizer.authorize({ user: 'alice' }, options));
  });
});

describe('a sequence', () => {
  test('does one thing after the other, and the last for ever', async () => {
    const authorizer = scriptedAuthorizer({ clock: simulatedClock() });
    authorizer.on('authorize', first(denies(), 2).andThen(throws('down')).andAlways(answers()));
    const seen: unknown[] = [];
    for (let call = 0; call < 6; call++) {
      seen.push(
        await authorizer.authorize({ user: 'alice' }, { signal: signal() }).then(
          ({ outcome }) => outcome,
          (error) => error,
        ),
      );
    }
    expect(seen).toEqual(['denied', 'denied', 'down', 'authorized', 'authorized', 'authorized']);
  });

  test('that runs out is a defect of the test, which says what the script was for', () => {
    const authorizer = scriptedAuthorizer({ clock: simulatedClock() });
    authorizer.on('authorize', first(denies()).andThen(answers().after(5)));
    const ask = () => authorizer.authorize({ user: 'alice' }, { signal: signal() });
    watch(ask());
    watch(ask());
    expect(ask).toThrow(DefectError);
    expect(ask).toThrow(
      /allow-all\.authorize was called 4 times, and its script is for 2: denies, then answers after 5/,
    );
    expect(ask).toThrow(/andAlways/);
    expect(authorizer.scriptErrors).toHaveLength(3);
  });

  test('begins anew when it is given anew', async () => {
    const authorizer = scriptedAuthorizer({ clock: simulatedClock() });
    const once = first(denies());
    for (let round = 0; round < 3; round++) {
      authorizer.on('authorize', once);
      expect(await authorizer.authorize({ user: 'alice' }, { signal: signal() })).toMatchObject({ outcome: 'denied' });
    }
  });
});

describe('the record of calls', () => {
  test('has each call with its arguments, its times and its outcome, and no secret that shows', async () => {
    const clock = simulatedClock();
    const authenticator = scriptedAuthenticator({ clock });
    authenticator.on('authenticate', first(denies('locked').after(30)).andThen(throws('down')).andThen(hangs()));
    for (let call = 0; call < 3; call++)
      watch(authenticator.authenticate(credentials(`user-${call}`), { signal: signal() }));
    await clock.advance(100);
    expect(authenticator.calls).toMatchObject([
      {
        method: 'authenticate',
        at: 0,
        state: 'answered',
        settledAt: 30,
        outcome: { outcome: 'denied', cause: 'locked' },
      },
      { method: 'authenticate', at: 0, state: 'failed', settledAt: 0, error: 'down' },
      { method: 'authenticate', at: 0, state: 'pending', settledAt: undefined },
    ]);
    expect(authenticator.callsOf('authenticate').map(({ args: [{ username }] }) => username)).toEqual([
      'user-0',
      'user-1',
      'user-2',
    ]);
    expect(authenticator.callsOf('close')).toEqual([]);
    expect(JSON.stringify(authenticator.calls)).not.toContain('marked-user-secret');
  });
});

describe('a wrong script says what was expected', () => {
  const authenticator = scriptedAuthenticator({ clock: simulatedClock() });
  test.each<[string, () => unknown, RegExp]>([
    ['a negative delay', () => answers().after(-1), /from 0 on, and got -1/],
    ['no number', () => answers().after(Number.NaN), /finite number of milliseconds/],
    ['an endless delay', () => answers().after(Number.POSITIVE_INFINITY), /finite number of milliseconds/],
    ['a delay of what hangs', () => hangs().after(5), /what hangs has none/],
    ['late and synchronous', () => throws().after(5).synchronously(), /at once/],
    ['no calls', () => first(answers(), 0), /positive whole number of calls, and not for 0/],
    ['half a call', () => first(answers()).andThen(answers(), 1.5), /positive whole number/],
    ['a step that is none', () => first('denies' as never), /A step of a sequence is a behaviour/],
    [
      'a last step that is none',
      () => first(answers()).andAlways(hangs as never),
      /A step of a sequence is a behaviour/,
    ],
    [
      'an unknown method',
      () => authenticator.on('authentic' as never, answers() as never),
      /There are: authenticate, close/,
    ],
    [
      'a script that is none',
      () => authenticator.on('authenticate', { outcome: 'denied' } as never),
      /must be a behaviour/,
    ],
  ])('%s', (_, write, message) => {
    expect(write).toThrow(ConfigurationError);
    expect(write).toThrow(message);
  });

  test('a function that returns no behaviour, or throws, is a defect and no fault of a backend', () => {
    const ask = () => authenticator.authenticate(credentials(), { signal: signal() });
    authenticator.on('authenticate', (() => 'denied') as never);
    expect(ask).toThrow(/must return a behaviour/);
    authenticator.on('authenticate', () => {
      throw new Error('typing error');
    });
    expect(ask).toThrow(DefectError);
    expect(authenticator.scriptErrors).toHaveLength(2);
  });

  test('the types know what fits which method', () => {
    const typed = () => {
      // @ts-expect-error an authorizer's yes is none of an authenticator
      scriptedAuthenticator().on('authenticate', answers({ outcome: 'authorized' }));
      // @ts-expect-error a session manager denies nothing
      scriptedSessionManager().on('create', denies());
      // @ts-expect-error there is no such method
      scriptedAuthorizer().on('authenticate', answers());
    };
    expect(typed).toBeInstanceOf(Function);
  });
});
