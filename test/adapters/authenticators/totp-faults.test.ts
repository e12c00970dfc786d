import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import {
  type TotpAuthenticatorOptions,
  totpAuthenticator,
  type UsedSteps,
} from '../../../src/adapters/authenticators/totp.js';
import {
  BackendFaultError,
  ClosedError,
  ConfigurationError,
  DeadlineExceededError,
} from '../../../src/model/errors.js';
import { Secret } from '../../../src/model/secret.js';
import { simulatedClock } from '../../../src/testing/index.js';
import { authenticatedInit } from '../../support/authenticated-init.js';
import { ADA, codeAt, failureOf, openTotp } from '../../support/totp.js';

describe('ASVS 16.5.3: what is at fault lets nobody in, and is no denial', () => {
  const right = codeAt(simulatedClock().now());
  const never = () => new Promise<never>(() => {});

  test.each<[string, Partial<TotpAuthenticatorOptions>]>([
    ['secretOf throws', { secretOf: () => Promise.reject(new Error('down')) }],
    [
      'secretOf throws at once',
      {
        secretOf: () => {
          throw 'no error';
        },
      },
    ],
    ['secretOf gives a string', { secretOf: (() => ADA) as never }],
    ['secretOf gives null', { secretOf: (() => null) as never }],
    ['the secret is no Base32', { secretOf: () => new Secret('marked0secret1of8no9base') }],
    ['the secret is too short', { secretOf: () => new Secret('NVQXE23FMQ') }],
    ['the secret is too long', { secretOf: () => new Secret(ADA.repeat(4)) }],
    ['the secret is empty', { secretOf: () => new Secret('') }],
    ['the store throws', { usedSteps: { claim: () => Promise.reject(new Error('down')) } }],
    ['the store gives what is like a yes', { usedSteps: { claim: (async () => 1) as never } }],
    ['the store gives nothing', { usedSteps: { claim: (async () => undefined) as never } }],
  ])('%s', async (_, options) => {
    const { authenticator, give } = openTotp(options);
    const error = await failureOf(give(right));
    expect(error).toBeInstanceOf(BackendFaultError);
    expect((error as Error).message).toMatch(/^totp: /);
    expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/marked0secret|NVQXE23F/);
    expect(await authenticatedInit(authenticator, { username: 'ada', secret: right })).toMatchObject({
      reason: 'AUTHENTICATION_SYS_FAIL',
    });
  });

  test.each<[string, Partial<TotpAuthenticatorOptions>]>([
    ['secretOf', { secretOf: never }],
    ['the store', { usedSteps: { claim: never } }],
  ])('%s never answers: the deadline ends it', async (_, options) => {
    const { clock, give } = openTotp({ ...options, timeout: 700 });
    const failure = failureOf(give(right));
    await clock.advance(700);
    expect(await failure).toBeInstanceOf(DeadlineExceededError);
  });

  test('a secret that comes after the deadline, or when the caller has gone, uses no code up', async () => {
    for (const isGone of [false, true]) {
      let answer: (secret: Secret) => void = () => {};
      const lateSecret = new Promise<Secret>((resolve) => {
        answer = resolve;
      });
      const claims: number[] = [];
      const usedSteps: UsedSteps = { claim: async (_, step) => claims.push(step) > 0 };
      const { clock, authenticator } = openTotp({ secretOf: () => lateSecret, usedSteps });
      const caller = new AbortController();
      const credentials = { username: 'ada', secret: new Secret(right) };
      const failure = failureOf(authenticator.authenticate(credentials, { signal: caller.signal }));
      if (isGone) caller.abort(new Error('The caller has gone.'));
      else await clock.advance(4_000);
      answer(new Secret(ADA));
      expect(await failure).toBeInstanceOf(Error);
      await clock.advance(1);
      expect(claims).toEqual([]);
    }
  });

  test('calls after close are refused', async () => {
    const { authenticator, give } = openTotp();
    await authenticator.close();
    await authenticator.close();
    expect(await failureOf(give(right))).toBeInstanceOf(ClosedError);
  });
});

test.each<[object, RegExp[]]>([
  [{}, [/^Give either secretOf or path/]],
  [{ path: 'a', secretOf: () => undefined }, [/^Give either secretOf or path/]],
  [{ path: '' }, [/^path must be/]],
  [{ secretOf: ADA }, [/^secretOf must be a function/]],
  [{ path: 'a', Window: 1 }, [/Is window meant/]],
  [
    { path: 'a', period: 0, digits: 10, algorithm: 'md5', window: 11, usedSteps: {}, timeout: 0 },
    [/^period/, /^digits/, /^algorithm/, /^window/, /^usedSteps/, /^timeout/],
  ],
])('what cannot work is told with its option: %j', (options, expected) => {
  const make = () => totpAuthenticator(options as TotpAuthenticatorOptions);
  expect(make).toThrow(ConfigurationError);
  try {
    make();
  } catch (error) {
    expect((error as ConfigurationError).problems).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
  }
});
