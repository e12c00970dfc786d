import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  type Authenticator,
  allowAllAuthorizer,
  BackendFaultError,
  createSessionOrchestrator,
  encodeSessionInitResponse,
  FAILURE_CODES,
  type FailureCode,
  type InitRecord,
  memorySessionManager,
  type OrchestratorEvents,
  type SessionOrchestrator,
  type SessionOrchestratorOptions,
  staticAuthenticator,
  type TerminalState,
} from '../../../src/index.js';
import { auditEventOf, FAILURE_EVENTS } from '../../../src/server/logging/audit-events.js';
import { logAudit } from '../../../src/server/logging/audit-log.js';
import type { LogFormat } from '../../../src/server/logging/logger.js';
import { simulatedClock } from '../../../src/testing/index.js';
import { type LogFile, openLogFile } from '../../support/log-file.js';

const SECRET = 'marked-user-secret-1';
const HOSTILE_NAMES = [
  'eve\n{"level":"info","event":"authn_login_success","user":"root"}',
  'eve\r\n[2026-01-01T00:00:00.000Z] INFO: A session was established.',
  'eve\u001b[2K\u001b[1A',
  'eve\u009b2K',
  'eve\u2028INFO: forged',
  'eve\u2029INFO: forged',
  'eve\u0085INFO: forged',
  '\u202etoor',
  'eve\u0000',
];

let log: LogFile;
let close = () => {};

afterEach(() => {
  close();
  close = () => {};
});

async function orchestrate(
  options: Partial<SessionOrchestratorOptions> = {},
  format: LogFormat = 'json',
): Promise<SessionOrchestrator> {
  log = await openLogFile({ level: 'trace', format });
  close = log.close;
  const orchestrator = createSessionOrchestrator({
    authenticator: staticAuthenticator({ users: { alice: SECRET } }),
    authorizer: allowAllAuthorizer(),
    sessionManager: memorySessionManager(),
    ...options,
  });
  logAudit(orchestrator, log.logger);
  return orchestrator;
}

const init = (orchestrator: SessionOrchestrator, username: string, secret = SECRET) =>
  orchestrator.init({ username, user_secret: secret }, { ipAddress: '192.0.2.1' });

describe('the line of an init', () => {
  test('ASVS 16.3.1: says of a success who, from where, how long, and under which id', async () => {
    const orchestrator = await orchestrate();
    await init(orchestrator, 'alice');
    expect(log.lines()).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        event: 'authn_login_success',
        outcome: 'success',
        state: 'authorized',
        user: 'alice',
        identity: 'alice',
        address: '192.0.2.1',
        reference_id: expect.stringMatching(/^[\w-]{22}$/),
        session_id: expect.any(Number),
        started: expect.stringMatching(/Z$/),
        total_ms: expect.any(Number),
        phases_ms: {
          admitting: expect.any(Number),
          authenticating: expect.any(Number),
          authorizing: expect.any(Number),
          establishing: expect.any(Number),
        },
        msg: 'A session was established.',
      },
    ]);
    await orchestrator.close();
  });

  test('says of a failure its state, reason, code and cause, and has the reference id of the response', async () => {
    const orchestrator = await orchestrate();
    const { data } = await init(orchestrator, 'mallory');
    expect(log.lines()).toEqual([
      expect.objectContaining({
        event: 'authn_login_fail',
        outcome: 'failure',
        state: 'authenticationDenied',
        reason: 'AUTHENTICATION_DENIED',
        code: 'authentication_denied',
        cause: 'unknownUser',
        user: 'mallory',
        reference_id: (data as { reference_id?: string }).reference_id,
      }),
    ]);
    await orchestrator.close();
  });

  test('P7: says of a fault that it is one, and why', async () => {
    const authenticator: Authenticator = {
      name: 'ldap',
      authenticate: async () => {
        throw new BackendFaultError('ldap cannot be reached.', { cause: new Error('connect\nECONNREFUSED') });
      },
    };
    const orchestrator = await orchestrate({ authenticator });
    await init(orchestrator, 'alice');
    expect(log.lines()).toEqual([
      expect.objectContaining({
        level: 'error',
        event: 'session_init_fault',
        outcome: 'fault',
        cause: 'BackendFaultError (backend_fault): ldap cannot be reached. <- Error: connect\\u{a}ECONNREFUSED',
      }),
    ]);
    await orchestrator.close();
  });

  test('ASVS 16.3.1: is there exactly once, whatever the init is and whenever it comes', async () => {
    const orchestrator = await orchestrate({ throttle: { account: { maxFailures: 3, window: 60_000 } } });
    const messages = [
      ...Array.from({ length: 20 }, () => ({ username: 'alice', user_secret: SECRET })),
      ...Array.from({ length: 20 }, () => ({ username: 'alice', user_secret: 'wrong' })),
      ...[null, 'text', [], {}, { username: 1 }, { username: '', user_secret: SECRET }],
    ];
    const responses = await Promise.all(messages.map((message) => orchestrator.init(message, { ipAddress: '::1' })));
    await orchestrator.drain();
    responses.push(await init(orchestrator, 'alice'));
    const lines = log.lines();
    expect(lines).toHaveLength(responses.length);
    expect(new Set(lines.map((line) => line['reference_id'])).size).toBe(responses.length);
    expect(new Set(lines.map((line) => line['event']))).toEqual(
      new Set([
        'authn_login_success',
        'authn_login_fail',
        'authn_login_lock',
        'input_validation_fail',
        'session_init_refused',
      ]),
    );
  });
});

describe('the event of an init', () => {
  const isFault = (code: string) => FAILURE_EVENTS[code as keyof typeof FAILURE_EVENTS].outcome === 'fault';

  test('is in the table for every code that a server gives', () => {
    const given = Object.keys(FAILURE_CODES).filter((code) => code !== 'malformed_response');
    expect(Object.keys(FAILURE_EVENTS).sort()).toEqual(given.sort());
  });

  test('P7: no fault is a failed login, nor the other way round', () => {
    for (const [code, { event, level }] of Object.entries(FAILURE_EVENTS)) {
      expect([code, event.startsWith('authn_')]).toEqual([code, ['authentication_denied', 'locked'].includes(code)]);
      expect([code, level === 'error']).toEqual([code, isFault(code)]);
    }
  });

  test.each(['no_such_code', 'toString', '__proto__'])('of a failure with the code %s is a fault', (code) => {
    expect(auditEventOf({ state: 'refused', code })).toMatchObject({ event: 'session_init_fault', level: 'error' });
  });
});

describe('what came from outside', () => {
  test.each(['json', 'pretty'] as const)('ASVS 16.4.1: cannot forge a line of the %s format', async (format) => {
    const backend: Authenticator = {
      name: 'echo',
      authenticate: async ({ username }) => {
        if (username.endsWith('!')) throw new Error(`no such user: ${username}`);
        return username.endsWith('?')
          ? { outcome: 'authenticated', user: username }
          : { outcome: 'denied', cause: `unknown: ${username}` };
      },
    };
    const orchestrator = await orchestrate({ authenticator: backend }, format);
    const names = HOSTILE_NAMES.flatMap((name) => [name, `${name}!`, `${name}?`]);
    for (const name of names) await init(orchestrator, name);
    // The line break that pino and pino-pretty write themselves is the only control character.
    expect(log.text().replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    expect(log.text().split('\n')).toHaveLength(names.length + 1);
    const head =
      format === 'json' ? /^\{"level":"(info|error)","time":/gm : /^\[\d{4}-\d\d-\d\dT[\d:.]+Z\] (INFO|ERROR): /gm;
    expect(log.text().match(head)).toHaveLength(names.length);
    await orchestrator.close();
  });
});

describe('secrets', () => {
  test.each(['json', 'pretty'] as const)(
    'ASVS 16.2.5: are in no line at level trace, in the %s format',
    async (format) => {
      const sessionManager = memorySessionManager({ maxSessionsPerUser: 1 });
      const orchestrator = await orchestrate({ sessionManager }, format);
      const secrets = [SECRET, 'marked-user-secret-2'];
      for (const secret of [SECRET, SECRET, 'marked-user-secret-2']) {
        const response = await init(orchestrator, 'alice', secret);
        const { session_secret } = JSON.parse(encodeSessionInitResponse(response)).data;
        if (session_secret !== undefined) secrets.push(session_secret);
      }
      await orchestrator.init({ username: 1, user_secret: SECRET }, { ipAddress: '::1' });
      await orchestrator.drain();
      expect(secrets).toHaveLength(4);
      const text = log.text();
      expect(text).toContain('session_expired');
      for (const secret of secrets) {
        for (const encoding of ['utf8', 'hex', 'base64', 'base64url'] as const) {
          expect(text).not.toContain(Buffer.from(secret).toString(encoding));
        }
        if (secret.length === 64) expect(text).not.toContain(Buffer.from(secret, 'hex').toString('base64'));
      }
    },
  );
});

describe('other events', () => {
  let listeners: Map<string, (event: never) => void>;

  beforeEach(async () => {
    log = await openLogFile({ level: 'info', format: 'json', clock: simulatedClock() });
    close = log.close;
    listeners = new Map();
    const stop = logAudit(
      {
        on: (type, listener) => {
          listeners.set(type, listener);
          return () => listeners.delete(type);
        },
      },
      log.logger,
    );
    expect(stop).toEqual(expect.any(Function));
  });

  function emit<Type extends keyof OrchestratorEvents>(type: Type, event: OrchestratorEvents[Type]): void {
    (listeners.get(type) as ((event: OrchestratorEvents[Type]) => void) | undefined)?.(event);
  }

  test('ASVS 16.2.2: are logged in UTC by the injected clock', () => {
    emit('session.ended', { sessionId: 7, cause: 'expired', endedBy: 'thisNode' });
    expect(log.lines()).toEqual([
      {
        level: 'info',
        time: '2026-01-01T00:00:00.000Z',
        event: 'session_expired',
        session_id: 7,
        reason: 'expired',
        msg: 'A session has ended.',
      },
    ]);
  });

  test.each([
    ['removed', 'info'],
    ['retrying', 'warn'],
    ['abandoned', 'error'],
  ] as const)('a session for nobody that is %s has level %s', (outcome, level) => {
    const orphan = { sessionId: 7, user: 'eve\n', referenceId: 'r', attempts: 2, cause: new Error('busy') };
    emit('session.orphaned', { ...orphan, outcome });
    expect(log.lines()).toEqual([
      expect.objectContaining({ level, event: 'session_orphaned', outcome, user: 'eve\\u{a}', cause: 'Error: busy' }),
    ]);
  });

  test('a fault in the background is an error with its source', () => {
    emit('fault.reported', { source: 'sessionManager.removeExpired', cause: new Error('disk\nfull') });
    expect(log.lines()).toEqual([
      expect.objectContaining({
        level: 'error',
        event: 'sys_fault',
        source: 'sessionManager.removeExpired',
        cause: 'Error: disk\\u{a}full',
        stack: expect.stringContaining('audit-log.test.ts'),
      }),
    ]);
  });

  test('a defect has a stack, so that it can be found; no other end has', () => {
    const record = { referenceId: 'r', username: 'alice', ipAddress: '::1', startedAt: 0, duration: 1, phases: {} };
    const cause = new Error('no');
    emit('init.completed', { ...record, state: 'failedUnexpectedly', code: 'unknown', cause });
    emit('init.completed', { ...record, state: 'sessionManagerFailed', code: 'session_manager_fail', cause });
    expect(log.lines().map((line) => typeof line['stack'])).toEqual(['string', 'undefined']);
  });

  test('every code gives one line with the event of the table', () => {
    const record: InitRecord = {
      referenceId: 'r',
      state: 'refused' as TerminalState,
      username: 'alice',
      ipAddress: '192.0.2.1',
      startedAt: 0,
      duration: 1.26,
      phases: { admitting: 0.04 },
    };
    const codes = Object.keys(FAILURE_EVENTS) as FailureCode[];
    for (const code of codes) emit('init.completed', { ...record, code });
    expect(log.lines().map(({ code, event, level }) => [code, event, level])).toEqual(
      Object.entries(FAILURE_EVENTS).map(([code, { event, level }]) => [code, event, level]),
    );
    expect(log.lines()[0]).toMatchObject({ total_ms: 1.3, phases_ms: { admitting: 0 } });
  });
});
