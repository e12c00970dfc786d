import { afterEach, describe, expect, test } from '@jest/globals';
import {
  type AuthenticationOutcome,
  allowAllAuthorizer,
  BackendFaultError,
  createSessionOrchestrator,
  encodeSessionInitResponse,
  type InitRecord,
  memorySessionManager,
  OverloadedError,
  type PathStep,
  type SessionOrchestrator,
} from '../../src/index.js';

const SECRET = 'marked-user-secret-1';
const path: readonly PathStep[] = [
  { backend: 'corp', outcome: 'denied', cause: 'unknownUser', milliseconds: 3 },
  {
    backend: 'both',
    outcome: 'authenticated',
    milliseconds: 9,
    path: [{ backend: 'local', outcome: 'authenticated', milliseconds: 8 }],
  },
];
const opened: SessionOrchestrator[] = [];
afterEach(async () => {
  for (const orchestrator of opened.splice(0)) await orchestrator.close();
});

async function recordOf(
  authenticate: () => Promise<unknown>,
  engine: 'compiled' | 'actor' = 'compiled',
): Promise<{ record: InitRecord; sent: string }> {
  const orchestrator = createSessionOrchestrator({
    authenticator: { name: 'chain', authenticate: authenticate as () => Promise<AuthenticationOutcome> },
    authorizer: allowAllAuthorizer(),
    sessionManager: memorySessionManager(),
    engine,
  });
  opened.push(orchestrator);
  const records: InitRecord[] = [];
  orchestrator.on('init.completed', (record) => records.push(record));
  const response = await orchestrator.init({ username: 'alice', user_secret: SECRET }, { ipAddress: '192.0.2.1' });
  return { record: records[0] as InitRecord, sent: encodeSessionInitResponse(response) };
}

describe.each(['compiled', 'actor'] as const)('which backend said what, in the engine %s', (engine) => {
  test('is in the record of a success, a denial, a fault and an overload, and in no response', async () => {
    const isDown = new BackendFaultError('It is down.', { path });
    const isBusy = new OverloadedError('It is busy.', { path });
    const endings: [string, unknown, () => Promise<unknown>][] = [
      ['authorized', undefined, async () => ({ outcome: 'authenticated', user: 'alice', path })],
      ['authenticationDenied', 'unknownUser', async () => ({ outcome: 'denied', cause: 'unknownUser', path })],
      ['authenticationSystemFailed', isDown, () => Promise.reject(isDown)],
      ['refused', isBusy, () => Promise.reject(isBusy)],
    ];
    for (const [state, cause, authenticate] of endings) {
      const { record, sent } = await recordOf(authenticate, engine);
      expect(record).toMatchObject({ state, path });
      expect(record.cause).toBe(cause);
      expect(sent).not.toMatch(/corp|local|path|unknownUser/);
    }
  });

  test('is absent where one backend answers for itself', async () => {
    const { record } = await recordOf(async () => ({ outcome: 'authenticated', user: 'alice' }), engine);
    expect(record).not.toHaveProperty('path');
  });
});

describe('a path that is none', () => {
  test.each<[string, unknown, unknown]>([
    ['a text', 'corp', undefined],
    ['steps of no shape', [null, 'corp', { backend: 1 }, { backend: 'x', outcome: 'sure', milliseconds: 1 }], []],
    ['a step among others', [{}, path[0]], [path[0]]],
    ['a step with more than it may have', [{ ...path[0], secret: SECRET }], [path[0]]],
  ])('%s is left out, and harms nobody', async (_, given, expected) => {
    const { record } = await recordOf(async () => ({ outcome: 'denied', path: given }));
    expect(record.state).toBe('authenticationDenied');
    expect(record.path).toEqual(expected);
  });

  test('one that contains itself ends', async () => {
    const step: Record<string, unknown> = { backend: 'a', outcome: 'failed', milliseconds: 0 };
    step['path'] = Array(1_000).fill(step);
    const { record } = await recordOf(async () => ({ outcome: 'denied', path: [step] }));
    expect(record.state).toBe('authenticationDenied');
    expect(JSON.stringify(record.path).match(/backend/g)).toHaveLength(100);
  });

  test('of an error is no reason to fail otherwise', async () => {
    const error = Object.assign(new BackendFaultError('It is down.'), { path: { length: 1e9 } });
    const { record } = await recordOf(() => Promise.reject(error));
    expect(record).toMatchObject({ state: 'authenticationSystemFailed' });
    expect(record).not.toHaveProperty('path');
  });
});

test('ASVS 16.2.5: a cause that quotes the secret is withheld, at any depth', async () => {
  const leaky = { backend: 'corp', outcome: 'denied', cause: `no ${SECRET} here`, milliseconds: 1 } as const;
  const { record } = await recordOf(async () => ({ outcome: 'denied', path: [{ ...leaky, path: [leaky] }] }));
  expect(JSON.stringify(record)).not.toContain(SECRET);
  expect(record.path?.[0]?.path?.[0]?.cause).toMatch(/withheld/);
});
