import { inspect } from 'node:util';
import { afterAll, describe, expect, test } from '@jest/globals';
import { type AnyActorRef, createActor, type InspectionEvent } from 'xstate';
import { allowAllAuthorizer } from '../../src/adapters/authorizers/allow-all.js';
import type { Authenticator } from '../../src/adapters/ports.js';
import { memorySessionManager } from '../../src/adapters/session-managers/memory.js';
import { sessionInitMachine } from '../../src/machines/session-init.js';
import { sessionInitActors } from '../../src/machines/session-init-actors.js';
import { OverloadedError } from '../../src/model/errors.js';
import { FullAuthSession } from '../../src/model/session.js';
import { SessionInitMessage } from '../../src/model/session-init-message.js';
import { createSessionOrchestrator } from '../../src/orchestrator.js';
import { logAudit } from '../../src/server/logging/audit-log.js';
import { transportLog } from '../../src/server/logging/transport-log.js';
import { simulatedClock } from '../../src/testing/simulated-clock.js';
import { webSocketTransport } from '../../src/transports/websocket.js';
import { openLogFile } from '../support/log-file.js';
import { WebSocketClient } from '../support/web-socket-client.js';

/*
 * P5, ASVS 16.2.5: marked secrets go through everything, in good and in bad faith; what is logged at the lowest level,
 * inspected, emitted, snapshotted, thrown and printed is searched for them in every form.
 */

/** With characters that JSON, URLs, base64 and inspection write differently. */
const USER_SECRET = `marked "user" secret/é'+?\n\\7`;

/** As itself and in every encoding, at each of the three alignments of base64. */
function forms(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const base64 = [0, 1, 2].map((before) =>
    Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .slice(4, -4),
  );
  const quoted = inspect(secret).slice(1, -1);
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    quoted,
    encodeURIComponent(secret),
    bytes.toString('hex'),
    ...base64,
  ];
}

/** Errors that say too much, as drivers throw them. */
const INDISCREET: readonly [string, (secret: string) => unknown][] = [
  ['an Error with it in its message', (secret) => new Error(`login of alice with ${secret} failed`)],
  ['a string', (secret) => `login with ${secret} failed`],
  ['an object', (secret) => ({ request: { body: { password: secret } } })],
  [
    'an Error with the request',
    (secret) => Object.assign(new Error('failed'), { config: { auth: ['alice', secret] } }),
  ],
  ['a cause of a cause', (secret) => new Error('a', { cause: new Error('b', { cause: new Error(secret) }) })],
  ['an AggregateError', (secret) => new AggregateError([new Error(secret)], 'all failed')],
  [
    'a Basic header',
    (secret) => new Error(`Authorization: Basic ${Buffer.from(`alice:${secret}`).toString('base64')}`),
  ],
  ['a base64url token', (secret) => new Error(Buffer.from(`a${secret}`).toString('base64url'))],
  ['a URL', (secret) => new Error(`GET /login?p=${encodeURIComponent(secret)}`)],
  ['a hex dump', (secret) => new Error(Buffer.from(secret).toString('hex').toUpperCase())],
  ['a form', (secret) => new Error(String(new URLSearchParams({ password: secret })))],
  ['a Buffer that was printed', (secret) => new Error(inspect(Buffer.from(secret)))],
  ['a Buffer as JSON', (secret) => new Error(JSON.stringify(Buffer.from(secret)))],
  ['JSON in JSON', (secret) => new Error(JSON.stringify(JSON.stringify({ secret })))],
  ['an LDAP filter', (secret) => new Error(Buffer.from(secret).toString('hex').replaceAll(/../g, '\\$&'))],
  ['capitals', (secret) => new Error(secret.toUpperCase())],
  ['a JSON body', (secret) => new Error(JSON.stringify({ password: secret }))],
  ['an overload', (secret) => new OverloadedError(`queue full of ${secret}`, { retryAfter: 9 })],
];

/** What was seen, from everywhere. */
const seen: string[] = [];
const see = (...values: unknown[]) => {
  for (const value of values) {
    seen.push(inspect(value, { depth: 6, showHidden: true, maxStringLength: 10_000 }));
    seen.push(JSON.stringify(value) ?? '');
  }
};

/** What an inspector can reach, without the machine itself, which is the same in every event. */
const seeInspection = (it: InspectionEvent) => {
  const { options, id } = it.actorRef as unknown as { options?: { input?: unknown }; id: string };
  see({ type: it.type, id, input: options?.input });
  if ('event' in it) see(it.event);
  if ('action' in it) see(it.action);
  if ('snapshot' in it) seeSnapshot(it.snapshot);
};

const seeSnapshot = (snapshot: object) => {
  const { value, status, context, output, error, input, children = {} } = snapshot as Record<string, unknown>;
  see({ value, status, context, output, error, input });
  for (const child of Object.values(children as Record<string, AnyActorRef>)) see(child.getSnapshot());
};
const secrets: string[] = [USER_SECRET];

for (const stream of [process.stdout, process.stderr]) {
  const write = stream.write.bind(stream);
  stream.write = ((chunk: string | Uint8Array, ...rest: never[]) => {
    seen.push(String(chunk));
    return write(chunk, ...rest);
  }) as typeof stream.write;
}

afterAll(() => {
  const text = seen.join('\n');
  expect(text.length).toBeGreaterThan(100_000);
  expect(secrets.length).toBeGreaterThan(1);
  for (const secret of secrets) {
    for (const form of forms(secret)) {
      if (text.includes(form)) {
        const at = text.indexOf(form);
        throw new Error(`A secret was seen: …${text.slice(Math.max(0, at - 200), at)}[here]`);
      }
    }
  }
});

function world(authenticator: Authenticator, engine: 'compiled' | 'actor') {
  const orchestrator = createSessionOrchestrator({
    authenticator,
    authorizer: allowAllAuthorizer(),
    sessionManager: memorySessionManager(),
    throttle: false,
    ...(engine === 'actor' && { inspect: seeInspection }),
  });
  for (const type of ['init.completed', 'session.ended', 'session.orphaned', 'fault.reported'] as const) {
    orchestrator.on(type, (event) => see(type, event));
  }
  return orchestrator;
}

const believing: Authenticator = {
  name: 'believing',
  authenticate: async ({ username }) => ({ outcome: 'authenticated', user: username }),
};
const message = { username: 'alice', user_secret: USER_SECRET };
const caller = { ipAddress: '192.0.2.1' };

describe.each(['compiled', 'actor'] as const)('on the engine %s', (engine) => {
  test('an init, its log at the lowest level, and the session afterwards', async () => {
    const log = await openLogFile({ level: 'trace', format: 'json' });
    const orchestrator = world(believing, engine);
    logAudit(orchestrator, log.logger);
    const response = await orchestrator.init(message, caller);
    const { data } = response;
    if (!(data instanceof FullAuthSession)) throw new Error('There is no session.');
    const secret = data.session_secret?.reveal() as string;
    secrets.push(secret);
    log.logger.info({ response, record: await orchestrator.findById(1) }, 'What nobody should log, but somebody will.');
    see(response, await orchestrator.findBySecret(secret), await orchestrator.listByUser('alice'));
    await orchestrator.init({ ...message, username: 7 }, caller);
    await orchestrator.init({ ...message, user_secret: [USER_SECRET] }, caller);
    await orchestrator.init(USER_SECRET, caller);
    await orchestrator.close();
    see(await orchestrator.findBySecret(secret).catch((error: unknown) => error));
    see(log.text());
    log.close();
  });

  test.each(INDISCREET)('a backend that throws %s', async (_, error) => {
    const log = await openLogFile({ level: 'trace', format: 'json' });
    const orchestrator = world(
      { name: 'indiscreet', authenticate: async ({ secret }) => Promise.reject(error(secret.reveal())) },
      engine,
    );
    logAudit(orchestrator, log.logger);
    see(await orchestrator.init(message, caller));
    expect(log.lines()).toEqual([expect.objectContaining({ cause: expect.stringContaining('withheld') })]);
    see(log.text());
    log.close();
  });

  test('a backend that gives it as the cause of a denial', async () => {
    const orchestrator = world(
      {
        name: 'indiscreet',
        authenticate: async ({ secret }) => ({ outcome: 'denied', cause: `not ${secret.reveal()}` }),
      },
      engine,
    );
    see(await orchestrator.init(message, caller));
  });

  test('an error that does not quote it is kept whole', async () => {
    const failure = new Error('The directory is down.');
    const orchestrator = world({ name: 'discreet', authenticate: async () => Promise.reject(failure) }, engine);
    const causes: unknown[] = [];
    orchestrator.on('init.completed', ({ cause }) => causes.push(cause));
    await orchestrator.init(message, caller);
    expect(causes).toEqual([failure]);
  });
});

test('the machine alone: every snapshot, as it is and persisted', async () => {
  const clock = simulatedClock();
  const backends = {
    authenticator: believing,
    authorizer: allowAllAuthorizer(),
    sessionManager: memorySessionManager(),
  };
  const machine = sessionInitMachine.provide({ actors: sessionInitActors({ ...backends, clock }) });
  const actor = createActor(machine, {
    clock,
    input: { message: new SessionInitMessage('alice', USER_SECRET), ipAddress: '::1', referenceId: 'r' },
    inspect: seeInspection,
  });
  actor.on('*', see);
  actor.subscribe((snapshot) => {
    seeSnapshot(snapshot);
    see(actor.getPersistedSnapshot());
  });
  actor.start();
  await clock.advance(0);
  const { data } = actor.getSnapshot().output ?? {};
  secrets.push((data as FullAuthSession).session_secret?.reveal() as string);
  see(actor.options);
});

test('over a WebSocket, whatever the frames are', async () => {
  const log = await openLogFile({ level: 'trace', format: 'json' });
  const orchestrator = world(believing, 'compiled');
  logAudit(orchestrator, log.logger);
  const logTransport = transportLog(log.logger);
  const transport = webSocketTransport(orchestrator, {
    port: 0,
    onEvent: (event) => {
      see(event);
      logTransport(event);
    },
    inspect: seeInspection,
    onMessage: ({ secret }, { send }) => {
      send({});
      throw new Error(`a handler that quotes nothing of ${typeof secret}`);
    },
  });
  await transport.listening;
  const client = await WebSocketClient.open(`${transport.address().url}?secret=${encodeURIComponent(USER_SECRET)}`);
  const frame = JSON.stringify(message);
  for (const sent of [
    frame.slice(0, -1),
    frame.replace('{', '{{'),
    `"${USER_SECRET}"`,
    JSON.stringify([message]),
    frame,
  ]) {
    client.send(sent);
  }
  const answers = [];
  while (answers.length < 5) answers.push(await client.next());
  const established = answers.at(-1)?.data?.['session_secret'];
  expect(established).toMatch(/^[0-9a-f]{64}$/);
  secrets.push(String(established));
  // What was not established went to the client; none of it repeats the secret.
  see(answers.slice(0, -1));
  await transport.close();
  await orchestrator.close();
  see(log.text());
  log.close();
});
