import { afterEach, describe, expect, test } from '@jest/globals';
import { httpAuthenticator } from '../../../src/adapters/authenticators/http.js';
import { httpAuthorizer } from '../../../src/adapters/authorizers/http.js';
import type { JsonEndpointOptions } from '../../../src/adapters/http-client/json-endpoint.js';
import { findSecret } from '../../../src/testing/find-secret.js';
import { type SimulatedClock, simulatedClock } from '../../../src/testing/index.js';
import { authenticatedInit } from '../../support/authenticated-init.js';
import { authorizedInit } from '../../support/authorized-init.js';
import { type Fault, FaultProxy } from '../../support/fault-proxy.js';
import { describeWith, openssl } from '../../support/requires.js';
import { selfSigned } from '../../support/self-signed.js';
import { type Answer, type Received, webService } from '../../support/web-service.js';

const SECRET = 'marked-user-secret-1';
const TOKEN = 'marked-bearer-token-1';

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** Lets time pass until there is a result. */
async function afterTime<Result>(clock: SimulatedClock, result: Promise<Result>): Promise<Result> {
  let isSettled = false;
  const settle = () => {
    isSettled = true;
  };
  result.then(settle, settle);
  while (!isSettled) await clock.advance(100);
  return result;
}

interface Adapter {
  close(): Promise<void>;
  init(user: string): Promise<{ reason: string; cause: unknown; response: string }>;
}

/** A web service that lets in `ada`, and an adapter that asks it, in front of which is the same init. */
interface Case {
  answer(request: Received): Answer;
  /** An adapter, and what comes of inits with it. */
  adapter(options: JsonEndpointOptions): Adapter;
  denied: string;
  fault: { reason: string; code: string };
}

const cases: Record<string, Case> = {
  'the http authenticator': {
    answer: ({ body }) =>
      JSON.parse(body).username === 'ada' ? { json: { user: 'ada' } } : { status: 401, json: { cause: 'unknownUser' } },
    adapter(options) {
      const authenticator = httpAuthenticator(options);
      return {
        close: () => authenticator.close(),
        init: (username) => authenticatedInit(authenticator, { username, secret: SECRET }),
      };
    },
    denied: 'AUTHENTICATION_DENIED',
    fault: { reason: 'AUTHENTICATION_SYS_FAIL', code: 'authentication_sys_fail' },
  },
  'the http authorizer': {
    answer: ({ body }) => ({ json: JSON.parse(body).input.user === 'ada' ? { result: true } : {} }),
    adapter(options) {
      const authorizer = httpAuthorizer(options);
      return { close: () => authorizer.close(), init: (user) => authorizedInit(authorizer, { user }) };
    },
    denied: 'USER_NOT_AUTHORIZED',
    fault: { reason: 'OTHER', code: 'authorizer_failed' },
  },
};

const variants = Object.entries(cases).flatMap(([what, it]) =>
  ['http', 'https'].map((scheme) => ({ what, it, scheme })),
);

describeWith(openssl, 'when things go wrong', (command) => {
  const certificate = selfSigned(command);

  describe.each(variants)('$what over $scheme,', ({ it, scheme }) => {
    const tls = scheme === 'https' ? certificate : undefined;

    async function behindProxy(bounds: Partial<JsonEndpointOptions> = {}) {
      const service = await webService(it.answer, tls);
      const proxy = await FaultProxy.start(service.port);
      const clock = simulatedClock();
      const url = `${scheme}://127.0.0.1:${proxy.port}/`;
      const adapter = it.adapter({ url, token: TOKEN, clock, timeout: 4_000, ...bounds, ...(tls && { ca: tls.cert }) });
      open.push(service.stop, () => proxy.close(), adapter.close);
      return { service, proxy, adapter, clock };
    }

    async function expectSound({ init }: Adapter): Promise<void> {
      expect(await init('ada')).toMatchObject({ reason: 'authorized' });
      expect(await init('eve')).toMatchObject({ reason: it.denied });
    }

    async function expectFault({ init }: Adapter, wait = <Result>(result: Promise<Result>) => result): Promise<void> {
      for (const user of ['ada', 'eve']) {
        const failed = await wait(init(user));
        expect(failed).toMatchObject({ ...it.fault, cause: expect.any(Error) });
        expect(failed.response).not.toContain('127.0.0.1:');
        for (const secret of [SECRET, TOKEN]) {
          expect(findSecret([failed.cause, failed.response], secret)).toBeUndefined();
        }
      }
    }

    test.each<Fault>(['refuse', 'cut', 'garbage', 'blackHole'])(
      'P7: %s is a fault and no denial, on fresh and on used connections, and is over when it is over',
      async (fault) => {
        const { proxy, adapter, clock } = await behindProxy();
        // TLS may take garbage for the begin of something that is yet to come.
        const isSilent = fault === 'blackHole' || fault === 'garbage';
        const wait = isSilent ? <Result>(result: Promise<Result>) => afterTime(clock, result) : undefined;
        for (let round = 0; round < 2; round++) {
          proxy.fault = fault;
          await expectFault(adapter, wait);
          proxy.fault = 'pass';
          await expectSound(adapter);
        }
      },
    );

    test('an answer that comes byte by byte is one', async () => {
      const { proxy, adapter } = await behindProxy();
      proxy.fault = 'dribble';
      await expectSound(adapter);
    });

    test('a server that is down at the start, dies between two inits and comes back is a fault while it is down', async () => {
      const { service, adapter } = await behindProxy();
      await service.stop();
      await expectFault(adapter);
      for (let life = 0; life < 2; life++) {
        const again = await webService(it.answer, tls, service.port);
        open.push(again.stop);
        await expectSound(adapter);
        await again.stop();
        await expectFault(adapter);
      }
    });

    test('ASVS 13.1.3: a black hole holds a bounded number of connections, whoever asks', async () => {
      const { proxy, adapter, clock } = await behindProxy({ maxConnections: 4, maxQueued: 8 });
      proxy.fault = 'blackHole';
      const all = Promise.all(Array.from({ length: 40 }, () => adapter.init('ada')));
      for (let waited = 100; waited < 4_000; waited += 100) await clock.advance(100);
      expect(proxy.accepted).toBe(4);
      const inits = await afterTime(clock, all);
      const causes = inits.map(({ cause }) => (cause as Error).name);
      expect(causes.filter((name) => name === 'DeadlineExceededError')).toHaveLength(12);
      expect(causes.filter((name) => name === 'OverloadedError')).toHaveLength(28);
      proxy.fault = 'pass';
      await expectSound(adapter);
    });
  });
});
