import { describe, expect, test } from '@jest/globals';
import { allOf, chain, firstOf } from '../../../src/adapters/authenticators/chain.js';
import type { AuthenticationOutcome, Authenticator } from '../../../src/adapters/ports.js';
import { cached, resilient } from '../../../src/adapters/resilience/index.js';
import {
  allowAllAuthorizer,
  ConfigurationError,
  createSessionOrchestrator,
  memorySessionManager,
  Secret,
} from '../../../src/index.js';

/** Somebody who says yes to everybody, or who knows nobody; and how often they were asked. */
function backend(name: string, says: 'yes' | 'unknown', isSecondFactor = false) {
  const asked: string[] = [];
  const authenticator: Authenticator = {
    name,
    isSecondFactor,
    async authenticate({ username: user }) {
      asked.push(user);
      return says === 'yes' ? { outcome: 'authenticated', user } : { outcome: 'denied', cause: 'unknownUser' };
    },
  };
  return { authenticator, asked };
}

function ask(authenticator: Authenticator): Promise<AuthenticationOutcome> {
  const credentials = { username: 'gone', secret: new Secret('marked-user-secret-1') };
  return authenticator.authenticate(credentials, new AbortController());
}

describe('whoever has a code alone is nobody', () => {
  test.each<[string, (people: Authenticator, codes: Authenticator) => Authenticator]>([
    [
      'the recipe for those who have codes',
      (people, codes) =>
        chain(
          [
            { authenticator: people, onSuccess: 'continue' },
            { authenticator: codes, onUnknownUser: 'accept' },
          ],
          {
            identities: 'merged',
          },
        ),
    ],
    ['firstOf', (people, codes) => firstOf([people, codes])],
    [
      'a chain that passes over everything',
      (people, codes) =>
        chain([
          { authenticator: people, onDenied: 'continue', onFault: 'continue' },
          { authenticator: codes, onDenied: 'continue' },
        ]),
    ],
    ['behind a breaker', (people, codes) => firstOf([people, resilient(codes)])],
    ['behind a cache', (people, codes) => firstOf([people, cached(codes)])],
    ['in a composition of second factors', (people, codes) => firstOf([people, firstOf([codes], { name: 'codes' })])],
  ])('%s', async (_, compose) => {
    const codes = backend('codes', 'yes', true);
    const outcome = await ask(compose(backend('people', 'unknown').authenticator, codes.authenticator));
    expect(outcome).toMatchObject({ outcome: 'denied', cause: 'noFirstFactor' });
    expect(codes.asked).toEqual([]);
  });

  test('after a yes it is asked, also where several second factors are one', async () => {
    const codes = backend('codes', 'yes', true);
    const people = backend('people', 'yes');
    expect(
      await ask(allOf([people.authenticator, firstOf([codes.authenticator], { identities: 'merged' })])),
    ).toMatchObject({
      outcome: 'authenticated',
      user: 'gone',
    });
    expect(codes.asked).toEqual(['gone']);
  });
});

describe('what could never be right is told at the start', () => {
  const people = backend('people', 'yes').authenticator;
  const codes = backend('codes', 'yes', true).authenticator;

  test.each<[string, () => unknown]>([
    ['allOf', () => allOf([codes, people])],
    ['firstOf', () => firstOf([codes, people])],
    ['chain', () => chain([{ authenticator: codes }, { authenticator: people }])],
  ])('%s that begins with one', (_, compose) => {
    expect(compose).toThrow(/link 1, codes, is a second factor. Put what finds the user before it/);
  });

  test.each([
    ['one', codes],
    ['one behind a breaker', resilient(codes)],
    ['several', allOf([codes, backend('more', 'yes', true).authenticator])],
  ])('%s as the only authenticator', (_, authenticator) => {
    const create = () =>
      createSessionOrchestrator({
        authenticator,
        authorizer: allowAllAuthorizer(),
        sessionManager: memorySessionManager(),
      });
    expect(create).toThrow(ConfigurationError);
    expect(create).toThrow(/is a second factor, and must not be the only one/);
  });
});
