import { describe, expect, test } from '@jest/globals';
import { staticAuthenticator } from '../../src/adapters/authenticators/static.js';
import type { Authenticator, Credentials } from '../../src/adapters/ports.js';
import { BackendFaultError } from '../../src/model/errors.js';
import { authenticatorContract, denies, scriptedAuthenticator, throws } from '../../src/testing/index.js';

const users = [
  { username: 'ada', secret: 'Marked-Secret-1', groups: ['engines', 'staff'] },
  { username: 'bob', secret: 'Marked-Secret-2' },
];
const known = Object.fromEntries(users.map(({ username, secret }) => [username, secret]));
const sound = () => staticAuthenticator({ users: known, groups: { ada: ['staff', 'engines'] } });

/** A static authenticator with one thing done wrong. */
const broken =
  (authenticate: (inner: Authenticator, ...call: Parameters<Authenticator['authenticate']>) => unknown) => () => {
    const inner = sound();
    return {
      ...inner,
      authenticate: (async (...call) => authenticate(inner, ...call)) as Authenticator['authenticate'],
    };
  };

/** One that verifies a secret in some other way than by comparing it whole. */
const lenient = (accepts: (given: string, right: string) => boolean) =>
  broken((_inner, { username, secret }) => {
    const right = new Map(Object.entries(known)).get(username);
    const groups = username === 'ada' ? ['engines', 'staff'] : [];
    return right !== undefined && accepts(secret.reveal(), right)
      ? { outcome: 'authenticated', user: username, groups }
      : { outcome: 'denied' };
  });

const down = () => scriptedAuthenticator().on('authenticate', throws());

/** The bug, the case that must catch it, the authenticator that has it, and the one whose backend is down. */
const PLANTED: readonly [
  bug: string,
  caughtBy: RegExp,
  create: () => Authenticator,
  createBroken?: () => Authenticator,
][] = [
  ['it has no name', /has a name/, () => ({ ...sound(), name: '' })],
  ['it knows nobody', /every user/, () => scriptedAuthenticator().on('authenticate', denies())],
  [
    'it forgets a user who was there before',
    /again and again/,
    () => {
      const seen = new Set<string>();
      return broken((inner, credentials, options) => {
        if (seen.has(credentials.username)) return { outcome: 'denied' };
        seen.add(credentials.username);
        return inner.authenticate(credentials, options);
      })();
    },
  ],
  ['it lets everybody in', /a wrong secret/, () => scriptedAuthenticator()],
  [
    'a wrong secret is an error',
    /a wrong secret/,
    broken(async (inner, ...call) => {
      const outcome = await inner.authenticate(...call);
      if (outcome.outcome === 'denied') throw new Error('Invalid credentials');
      return outcome;
    }),
  ],
  [
    'an unknown user is an error',
    /6\.3\.8/,
    broken((inner, ...call) => {
      if (!(call[0].username in known)) throw new Error('No such user');
      return inner.authenticate(...call);
    }),
  ],
  [
    'a denial names the user',
    /6\.3\.8|a wrong secret/,
    broken(async (inner, ...call) => ({ ...(await inner.authenticate(...call)), user: call[0].username })),
  ],
  ["any user's secret will do", /another's account/, lenient((given) => Object.values(known).includes(given))],
  ['only the first 8 characters count', /6\.2\.8/, lenient((given, right) => given.slice(0, 8) === right.slice(0, 8))],
  ['secrets are cut after 72 characters', /6\.2\.8/, lenient((given, right) => given.startsWith(right))],
  ['secrets are trimmed', /6\.2\.8/, lenient((given, right) => given.trim() === right)],
  ['secrets end at a NUL', /6\.2\.8/, lenient((given, right) => given.split('\0')[0] === right)],
  [
    'secrets are compared in lower case',
    /6\.2\.8/,
    lenient((given, right) => given.toLowerCase() === right.toLowerCase()),
  ],
  ['an empty secret is an anonymous bind', /6\.2\.8/, lenient((given, right) => given === '' || given === right)],
  [
    'names are looked up in the prototype, too',
    /hostile/,
    broken((inner, credentials, options) => {
      const { length } = (known as Record<string, string>)[credentials.username] ?? '';
      if (length === undefined || typeof (known as Record<string, unknown>)[credentials.username] === 'function') {
        throw new TypeError('length of undefined');
      }
      return inner.authenticate(credentials, options);
    }),
  ],
  [
    'a star in a name matches everybody',
    /hostile/,
    broken((inner, credentials, options) =>
      inner.authenticate({ ...credentials, username: credentials.username.replace('*', '') }, options),
    ),
  ],
  [
    'names that are not well-formed are an error',
    /hostile/,
    broken((inner, credentials, options) => {
      encodeURIComponent(credentials.username);
      return inner.authenticate(credentials, options);
    }),
  ],
  [
    'the outcome shows the secret',
    /every user/,
    broken(async (inner, credentials, options) => ({
      ...(await inner.authenticate(credentials, options)),
      claims: { authorization: Buffer.from(`x:${credentials.secret.reveal()}`).toString('base64') },
    })),
  ],
  [
    'groups are one string',
    /every user/,
    broken(async (inner, ...call) => ({ ...(await inner.authenticate(...call)), groups: 'staff' })),
  ],
  ['groups are missing', /every user/, () => staticAuthenticator({ users: known })],
  [
    'groups are those of the last who asked',
    /many calls at once/,
    () => {
      let asked = '';
      return broken(async (inner, credentials, options) => {
        asked = credentials.username;
        await new Promise((resolve) => setImmediate(resolve));
        return inner.authenticate({ ...credentials, username: asked }, options);
      })();
    },
  ],
  [
    'the outcome is its own record',
    /changes no other/,
    () => {
      const ada = { outcome: 'authenticated', user: 'ada', groups: ['engines', 'staff'] };
      return broken(async (inner, ...call) => {
        const outcome = await inner.authenticate(...call);
        return outcome.outcome === 'authenticated' && outcome.user === 'ada' ? ada : outcome;
      })();
    },
  ],
  [
    'the credentials are changed',
    /every user/,
    broken((inner, credentials, options) => {
      credentials.username = credentials.username.trim();
      return inner.authenticate(credentials, options);
    }),
  ],
  [
    'an abort closes it for all',
    /given up/,
    () => {
      let isAborted = false;
      return broken((inner, credentials, options) => {
        options.signal.addEventListener('abort', () => {
          isAborted = true;
        });
        if (isAborted || options.signal.aborted) throw new Error('aborted');
        return inner.authenticate(credentials, options);
      })();
    },
  ],
  [
    'close fails when called again',
    /close can be called again/,
    () => {
      let isClosed = false;
      return {
        ...sound(),
        async close() {
          if (isClosed) throw new Error('closed');
          isClosed = true;
        },
      };
    },
  ],
  ['a backend that is down is a denial', /16\.5\.3/, sound, () => scriptedAuthenticator().on('authenticate', denies())],
  ['a backend that is down lets everybody in', /16\.5\.3/, sound, () => scriptedAuthenticator()],
  [
    'a backend that is down throws no Error',
    /16\.5\.3/,
    sound,
    () => scriptedAuthenticator().on('authenticate', throws('down')),
  ],
  [
    'the error shows the secret',
    /16\.5\.3/,
    sound,
    () =>
      scriptedAuthenticator().on('authenticate', ({ username, secret }: Credentials) =>
        throws(new BackendFaultError('down', { cause: { bind: [username, secret.reveal()] } })),
      ),
  ],
];

/** What fails, by name. */
async function failures(create: () => Authenticator, createBroken: () => Authenticator): Promise<string[]> {
  const failed: string[] = [];
  for (const { name, run } of authenticatorContract({ create, createBroken, users })) {
    await run().catch(() => failed.push(name));
  }
  return failed;
}

describe('authenticatorContract', () => {
  test.each(PLANTED)('catches it when %s', async (_, caughtBy, create, createBroken = down) => {
    const failed = await failures(create, createBroken);
    expect(failed.filter((name) => caughtBy.test(name))).not.toEqual([]);
  });

  test('finds nothing wrong with what is right', async () => {
    expect(await failures(sound, down)).toEqual([]);
  });

  test('closes what it opened and cleans up, also when a case fails', async () => {
    let [open, cleaned] = [0, 0];
    const create = () => {
      open += 1;
      let isClosed = false;
      return {
        ...sound(),
        name: '',
        async close() {
          if (!isClosed) open -= 1;
          isClosed = true;
        },
      };
    };
    const cleanUp = () => {
      cleaned += 1;
    };
    const cases = authenticatorContract({ create, users, cleanUp });
    for (const { run } of cases) await run().catch(() => {});
    expect([open, cleaned]).toEqual([0, cases.length]);
  });

  test.each([
    ['one user', users.slice(1), /two users/],
    ['a short secret', [{ username: 'ada', secret: 'short' }, ...users], /8 characters/],
    ['the same secret twice', [...users, { username: 'cy', secret: 'Marked-Secret-1' }], /must differ/],
  ])('refuses users that do not serve: %s', (_, given, message) => {
    expect(() => authenticatorContract({ create: sound, users: given })).toThrow(message);
  });

  test('names are unique', () => {
    const names = authenticatorContract({ create: sound, createBroken: down, users }).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});
