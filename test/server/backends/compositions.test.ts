import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import * as z from 'zod';
import type { Authenticator } from '../../../src/adapters/ports.js';
import type { BreakerChange } from '../../../src/adapters/resilience/index.js';
import { ConfigurationError, Secret } from '../../../src/index.js';
import { authenticatorBackend, authorizerBackend, type BackendContext } from '../../../src/server/backends/backend.js';
import { guardedAuthenticator, guardedAuthorizer } from '../../../src/server/backends/guarded.js';
import { openBackends } from '../../../src/server/backends/open-backends.js';
import { loadServerConfig } from '../../../src/server/load-config.js';
import { breakerLog } from '../../../src/server/logging/breaker-log.js';
import { createLogger, type Logger } from '../../../src/server/logging/logger.js';
import { simulatedClock } from '../../../src/testing/index.js';
import { root } from '../../support/package-exports.js';
import { said } from '../../support/said.js';
import { tempFolder } from '../../support/temp-folder.js';

const folder = tempFolder();
const logger = await createLogger({ level: 'silent' });
const signal = new AbortController().signal;

const knows = (users: Record<string, string>) => ({ type: 'static', users, allowInsecureStaticUsers: true });
const authenticators = {
  corp: knows({ ada: 'marked-secret-1' }),
  lab: knows({ ada: 'marked-secret-2', bob: 'marked-secret-3' }),
  codes: knows({ ada: '123456', 'corp:ada': '654321' }),
};

async function open(settings: object) {
  writeFileSync(join(folder, 'session-init.json'), JSON.stringify({ authenticators, ...settings }));
  return openBackends((await loadServerConfig({ environment: {}, folder })).config, { logger });
}

async function ask(authenticator: Authenticator, username: string, secret: string): Promise<string> {
  const outcome = await authenticator.authenticate({ username, secret: new Secret(secret) }, { signal });
  return outcome.outcome === 'authenticated' ? outcome.user : `no ${outcome.cause}`;
}

const first = { type: 'first-of', authenticators: ['corp', 'lab'] };

test.each<[object, string, string, string]>([
  [first, 'ada', 'marked-secret-1', 'corp:ada'],
  [first, 'ada', 'marked-secret-2', 'no wrongSecret'],
  [first, 'bob', 'marked-secret-3', 'lab:bob'],
  [{ ...first, onDenied: 'continue' }, 'ada', 'marked-secret-2', 'lab:ada'],
  [{ ...first, identities: 'merged' }, 'bob', 'marked-secret-3', 'bob'],
  [{ type: 'all-of', authenticators: ['corp', 'codes'], split: ',' }, 'ada', 'marked-secret-1,123456', 'ada'],
  [{ type: 'all-of', authenticators: ['corp', 'codes'], split: ',' }, 'ada', 'marked-secret-1', 'no missingFactor'],
  [{ type: 'all-of', authenticators: ['corp', 'lab'] }, 'ada', 'marked-secret-1', 'no wrongSecret'],
  [
    { type: 'chain', links: [{ authenticator: 'corp' }, { authenticator: 'lab' }] },
    'bob',
    'marked-secret-3',
    'lab:bob',
  ],
  [
    { type: 'chain', links: [{ authenticator: 'corp', onUnknownUser: 'reject' }, { authenticator: 'lab' }] },
    'bob',
    'marked-secret-3',
    'no unknownUser',
  ],
])('%j: %s with %s is %s', async (authenticator, username, secret, expected) => {
  const backends = await open({ authenticator });
  expect(await ask(backends.authenticator, username, secret)).toBe(expected);
  await backends.close();
});

test('compositions are made of compositions, and their parts are named as in the configuration', async () => {
  const people = { type: 'first-of', authenticators: ['corp', 'lab'] };
  const backends = await open({
    authenticators: { ...authenticators, people },
    authenticator: { type: 'all-of', authenticators: ['people', 'codes'], split: ',' },
  });
  expect(await ask(backends.authenticator, 'ada', 'marked-secret-1,654321')).toBe('corp:ada');
  expect(await ask(backends.authenticator, 'ada', 'marked-secret-1,123456')).toBe('no wrongSecret');
  const { path } = await backends.authenticator.authenticate(
    { username: 'ada', secret: new Secret('marked-secret-1,654321') },
    { signal },
  );
  expect(path).toMatchObject([{ backend: 'people', path: [{ backend: 'corp' }] }, { backend: 'codes' }]);
  await backends.close();
});

test.each<[object, RegExp]>([
  [{ type: 'first-of' }, /^authenticator\.authenticators: it is missing/],
  [{ type: 'first-of', authenticators: [] }, /^authenticator\.authenticators: /],
  [{ type: 'first-of', authenticators: ['crop'] }, /no authenticator in authenticators is named "crop"/],
  [{ type: 'all-of', authenticators: ['corp'], split: '' }, /^authenticator\.split: /],
  [{ type: 'all-of', authenticators: ['corp'], identities: 'merged' }, /^authenticator\.identities: /],
  [{ type: 'chain', links: [{ authenticator: 'corp', onFault: 'accept' }] }, /^authenticator\.links\.0\.onFault: /],
  [{ type: 'chain', links: [{ authenticator: 'crop' }] }, /no authenticator in authenticators is named "crop"/],
  [{ ...first, resilience: { deadline: 0 } }, /^authenticator\.resilience\.deadline: /],
  [{ ...first, resilience: { breaker: { failureRate: 2 } } }, /^authenticator\.resilience\.breaker\.failureRate: /],
  [{ ...first, resilience: { breaker: { failures: 5, failureRate: 0.5 } } }, /either failures or failureRate/],
  [{ ...first, resilience: { breaker: { outOf: 5 } } }, /outOf goes with failureRate/],
  [{ ...first, resilience: { breaker: { failure: 5 } } }, /^authenticator\.resilience\.breaker\.failure: .*failures/],
  [{ ...first, cache: { ttl: 300_001 } }, /^authenticator\.cache\.ttl: /],
])('%j is told with its place', async (authenticator, problem) => {
  const error = await open({ authenticator }).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(ConfigurationError);
  expect((error as ConfigurationError).problems).toEqual([expect.stringMatching(problem)]);
});

test.each<[object, readonly RegExp[]]>([
  [{ resilience: { deadline: 4_999 } }, []],
  [
    { resilience: { deadline: 5_000 } },
    [/^authenticator\.resilience\.deadline: it must be shorter than deadlines\.authent/],
  ],
])('a deadline of a backend that the phase would not wait for is told: %j', async (settings, problems) => {
  const problemsOf = (config: object) =>
    open(config).then(
      async (backends) => {
        await backends.close();
        return [];
      },
      (error: ConfigurationError) => error.problems,
    );
  const expected = problems.map((problem) => expect.stringMatching(problem));
  expect(await problemsOf({ authenticator: { ...first, ...settings } })).toEqual(expected);
  const named = { ...authenticators, people: { ...first, resilience: {} } };
  const deadlines = { authentication: 4_000 };
  expect(await problemsOf({ authenticator: knows({}), authenticators: named, deadlines })).toEqual([
    expect.stringMatching(/^authenticators\.people\.resilience\.deadline: /),
  ]);
});

test('a backend twice in a composition is told', async () => {
  await expect(open({ authenticator: { ...first, authenticators: ['corp', 'corp'] } })).rejects.toThrow(
    /several links are named "corp"/,
  );
});

describe('a guarded backend', () => {
  const clock = simulatedClock();
  const changes: BreakerChange[] = [];
  const onBreakerChange = (change: BreakerChange) => changes.push(change);
  const context = { clock, logger, onBreakerChange } as unknown as BackendContext;
  const schema = z.strictObject({ type: z.literal('remote'), url: z.string() });

  async function openRemote(backend: Authenticator, settings: object) {
    const given: unknown[] = [];
    const guarded = guardedAuthenticator(
      authenticatorBackend({
        schema,
        open(own) {
          given.push(own);
          return backend;
        },
      }),
    );
    const opened = await guarded.open(guarded.schema.parse({ type: 'remote', url: 'x', ...settings }), context);
    expect(given).toEqual([{ type: 'remote', url: 'x' }]);
    return opened;
  }

  test('is the backend itself, if nothing is asked for', async () => {
    const backend = said('remote', 'yes');
    expect(await openRemote(backend, {})).toBe(backend);
  });

  test('has the breaker that is asked for, and repeats a yes meanwhile', async () => {
    const backend = said('remote', ({ username }) => {
      if (username === 'bob') throw new Error('down');
      return { outcome: 'authenticated', user: username };
    });
    const opened = await openRemote(backend, { resilience: { breaker: { failures: 1 } }, cache: {} });
    expect(await ask(opened, 'ada', 'x')).toBe('ada');
    await expect(ask(opened, 'bob', 'x')).rejects.toThrow('down');
    await expect(ask(opened, 'bob', 'x')).rejects.toThrow(/circuit breaker is open/);
    expect(changes).toEqual([{ backend: 'remote', state: 'open', cause: 'backend_fault' }]);
    expect(await ask(opened, 'ada', 'x')).toBe('ada');
    await opened.close?.();
    expect(backend.closed).toBe(1);
  });

  test('has no breaker if that is turned off', async () => {
    const backend = said('remote', 'fault');
    const opened = await openRemote(backend, { resilience: { breaker: { enabled: false } } });
    for (let call = 0; call < 10; call++) await expect(ask(opened, 'ada', 'x')).rejects.toThrow('down');
    expect(backend.seen).toHaveLength(10);
  });

  test('may be an authorizer', async () => {
    const authorizer = { name: 'policy', authorize: jest.fn(async () => ({ outcome: 'authorized' as const })) };
    const guarded = guardedAuthorizer(authorizerBackend({ schema, open: () => authorizer }));
    const given = { type: 'remote', url: 'x' };
    expect(await guarded.open(guarded.schema.parse(given), context)).toBe(authorizer);
    const opened = await guarded.open(guarded.schema.parse({ ...given, resilience: {} }), context);
    expect(await opened.authorize({ user: 'ada' }, { signal })).toEqual({ outcome: 'authorized' });
    expect(() => guarded.schema.parse({ ...given, cache: {} })).toThrow();
  });
});

test('a change of a breaker is logged: at warn as it opens, and at info as it closes', () => {
  const lines: unknown[] = [];
  const write = (level: string) => (fields: object) => lines.push({ level, ...fields });
  const log = breakerLog({ warn: write('warn'), info: write('info') } as unknown as Logger);
  log({ backend: 'corp', state: 'open', cause: 'deadline_exceeded' });
  log({ backend: 'corp', state: 'halfOpen' });
  log({ backend: 'corp', state: 'closed' });
  expect(lines).toEqual([
    { level: 'warn', event: 'backend_breaker', backend: 'corp', state: 'open', cause: 'deadline_exceeded' },
    { level: 'info', event: 'backend_breaker', backend: 'corp', state: 'halfOpen' },
    { level: 'info', event: 'backend_breaker', backend: 'corp', state: 'closed' },
  ]);
});

describe.each(['composition', 'resilience'])('docs/adapters/%s.md', (page) => {
  const text = readFileSync(`${root}docs/adapters/${page}.md`, 'utf8');
  const configurations = [...text.matchAll(/```json\n(\{.*?)```/gs)].map(([, json = '']) => json);

  test.each(configurations)('shows a configuration that can be opened: %s', async (json) => {
    writeFileSync(join(folder, 'users.json'), '{ "users": {} }');
    writeFileSync(join(folder, 'guests.htpasswd'), '# nobody yet\n');
    writeFileSync(join(folder, 'session-init.json'), JSON.stringify({ dataDir: folder, ...JSON.parse(json) }));
    const backends = await openBackends((await loadServerConfig({ environment: {}, folder })).config, { logger });
    await backends.close();
  });
});
