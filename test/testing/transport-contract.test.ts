import { afterEach, describe, expect, test } from '@jest/globals';
import type { SessionOrchestrator } from '../../src/orchestrator.js';
import {
  type MakeTransport,
  type TransportClient,
  type TransportUnderTest,
  transportContract,
} from '../../src/testing/index.js';
import { webSocketUnderTest } from '../support/web-socket-under-test.js';

const made: TransportUnderTest[] = [];

const realTransport: MakeTransport = async (orchestrator, options) => {
  const transport = await webSocketUnderTest(orchestrator, options);
  made.push(transport);
  return transport;
};

// What a planted bug leaves open is cut off. Its clock stands still, so the end of it is not waited for.
afterEach(() => {
  for (const transport of made.splice(0)) void transport.close();
});

/** Our transport in front of an orchestrator that it misuses, as a wrong transport would. */
const misusing =
  (misuse: (orchestrator: SessionOrchestrator) => Partial<SessionOrchestrator>): MakeTransport =>
  (orchestrator, options) =>
    realTransport({ ...orchestrator, ...misuse(orchestrator) }, options);

/** Our transport with something done wrong on its way to the client. */
const spoiling =
  (spoil: (transport: TransportUnderTest) => Partial<TransportUnderTest>): MakeTransport =>
  async (orchestrator, options) => {
    const transport = await realTransport(orchestrator, options);
    return { ...transport, ...spoil(transport) };
  };

const changingAnswers = (change: (answer: string, request: string | Uint8Array) => string | Promise<string>) =>
  spoiling((transport) => ({
    async connect(): Promise<TransportClient> {
      const client = await transport.connect();
      return { ...client, ask: async (request) => change(await client.ask(request), request) };
    },
  }));

const edited = (edit: (json: { message?: string; data: Record<string, unknown> }) => void) =>
  changingAnswers((answer) => {
    const json = JSON.parse(answer);
    edit(json);
    return JSON.stringify(json);
  });

/** The bug, the case that must catch it, and the transport that has it. */
const PLANTED: readonly [bug: string, caughtBy: RegExp, create: MakeTransport][] = [
  [
    'the secret is redacted as for a log',
    /whole response/,
    edited(({ data }) => {
      if ('session_secret' in data) data['session_secret'] = '[redacted]';
    }),
  ],
  ['the reference id is lost', /P4/, edited(({ data }) => delete data['reference_id'])],
  [
    'every failure is a denial',
    /P4/,
    edited(({ data }) => {
      if ('reason' in data) data['reason'] = 'AUTHENTICATION_DENIED';
    }),
  ],
  ['the answer is in an envelope', /whole response/, changingAnswers((answer) => `{"response":${answer}}`)],
  ['the answer is no JSON', /whole response/, changingAnswers((answer) => `ok ${answer}`)],
  [
    'a client gets the answer of another',
    /many clients at once/,
    (() => {
      let last = '';
      return changingAnswers((answer) => {
        const previous = last || answer;
        last = answer;
        return previous;
      });
    })(),
  ],
  [
    'a client gets nothing when an init takes long',
    /P1/,
    misusing((inner) => ({
      init: async (message, options) => {
        const response = await inner.init(message, options);
        return 'reason' in response.data && response.data.reason === 'AUTH_ATTEMPT_TIMEOUT'
          ? new Promise(() => {})
          : response;
      },
    })),
  ],
  [
    'it trusts what anybody says of their address',
    /15\.3\.4/,
    misusing((inner) => ({ init: (message, options) => inner.init(message, { ...options, ipAddress: '192.0.2.66' }) })),
  ],
  [
    'what is no request goes to the orchestrator as if it were',
    /malformed/,
    spoiling((transport) => ({
      connect: async () => {
        const client = await transport.connect();
        const named = (request: string | Uint8Array) =>
          String(request).includes('"user_secret":') && String(request).includes('"username":')
            ? request
            : '{"username":"nobody","user_secret":"none"}';
        return { ...client, ask: (request) => client.ask(named(request)) };
      },
    })),
  ],
  [
    'nobody is told when a client goes',
    /P2: when a client goes/,
    misusing((inner) => ({ init: (message, options) => inner.init(message, { ...options, signal: undefined }) })),
  ],
  [
    'the session of a client who has gone stays',
    /P2: a session that is created/,
    misusing((inner) => ({
      init: (message, options) => inner.init(message, { ...options, signal: undefined }),
      remove: async () => true,
    })),
  ],
  [
    'one client who goes takes the others along',
    /harms no other/,
    (() => {
      const clients = new Set<TransportClient>();
      return spoiling((transport) => ({
        async connect() {
          const client = await transport.connect();
          clients.add(client);
          return {
            ...client,
            leave() {
              for (const each of clients) each.leave();
              clients.clear();
            },
          };
        },
      }));
    })(),
  ],
  [
    'a message may be as long as it likes',
    /ten megabytes/,
    misusing((inner) => inner) &&
      spoiling((transport) => ({
        async connect() {
          const client = await transport.connect();
          const short = (request: string | Uint8Array) =>
            request.length > 1e6 ? `{"username":"alice","user_secret":"${String(request).slice(-9, -2)}"}` : request;
          return { ...client, ask: (request) => client.ask(short(request)) };
        },
      })),
  ],
  [
    'it logs what it gets',
    /P5/,
    spoiling((transport) => {
      const log: string[] = [];
      return {
        told: () => log,
        async connect() {
          const client = await transport.connect();
          return {
            ...client,
            ask(request) {
              log.push(String(request));
              return client.ask(request);
            },
          };
        },
      };
    }),
  ],
  [
    'it logs what it answers',
    /P5/,
    (() => {
      const log: unknown[] = [];
      const make = changingAnswers((answer) => {
        log.push({ answer });
        return answer;
      });
      return async (...args) => ({ ...(await make(...args)), told: () => log });
    })(),
  ],
  ['a drain waits for nobody', /a drain lets/, spoiling((transport) => ({ drain: () => transport.close() }))],
  ['a drain takes new ones', /a drain lets/, spoiling(() => ({ drain: async () => {} }))],
  [
    'a close fails when called again',
    /a close waits/,
    spoiling((transport) => {
      let isClosed = false;
      return {
        async close() {
          await transport.close();
          if (isClosed) throw new Error('closed');
          isClosed = true;
        },
      };
    }),
  ],
  [
    'a close waits until all is done',
    /a close waits/,
    spoiling((transport) => ({
      close: async () => {
        await transport.drain();
      },
    })),
  ],
];

describe('transportContract', () => {
  test.each(PLANTED)('catches it when %s', async (_, caughtBy, create) => {
    const cases = transportContract({ create, parallelClients: 8, patience: 400 });
    const failed: string[] = [];
    for (const { name, run } of cases.filter(({ name }) => caughtBy.test(name))) {
      await run().catch(() => failed.push(name));
    }
    expect(failed).not.toEqual([]);
  });

  test('names are unique', () => {
    const names = transportContract({ create: webSocketUnderTest }).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});
