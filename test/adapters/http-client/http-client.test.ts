import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from '@jest/globals';
import { type HttpClient, httpClient } from '../../../src/adapters/http-client/http-client.js';
import type { HttpClientOptions } from '../../../src/adapters/http-client/options.js';
import {
  BackendFaultError,
  ClosedError,
  ConfigurationError,
  DeadlineExceededError,
  OverloadedError,
} from '../../../src/model/errors.js';
import { simulatedClock } from '../../../src/testing/index.js';
import { FaultProxy } from '../../support/fault-proxy.js';
import { type Answer, type Received, type WebService, webService } from '../../support/web-service.js';

const { signal } = new AbortController();
const GET = { method: 'GET' } as const;

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function serve(answer: (request: Received) => Answer | Promise<Answer>): Promise<WebService> {
  const service = await webService(answer);
  ends.push(() => service.stop());
  return service;
}

function clientOf(options: HttpClientOptions = {}): HttpClient {
  const client = httpClient('backend', { timeout: 60_000, ...options });
  ends.push(() => client.close());
  return client;
}

const textOf = ({ body }: { body: Uint8Array }) => Buffer.from(body).toString();

/** Requests that a service holds until it is told to answer. */
function held() {
  const answers: (() => void)[] = [];
  let told = () => {};
  return {
    answer: () =>
      new Promise<Answer>((resolve) => {
        answers.push(() => resolve({ body: 'done' }));
        told();
      }),
    /** Waits until that many are held. */
    async until(count: number) {
      while (answers.length < count) await new Promise<void>((resolve) => (told = resolve));
    },
    release() {
      for (const answer of answers.splice(0)) answer();
    },
  };
}

/** A server that sends back what it gets. */
async function echo(): Promise<string> {
  const server = createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(async () => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A server that ends its answer only when it is told to. */
async function trickle(hold: ReturnType<typeof held>): Promise<{ origin: string }> {
  const server = createHttpServer(async (_, response) => {
    response.write('some');
    await hold.answer();
    response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(async () => server.close());
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe('request()', () => {
  test('sends a request, and gives the whole answer', async () => {
    const { origin, received } = await serve(({ body }) => ({
      status: 418,
      headers: { 'x-header': 'value' },
      body: `${body} 🦊`,
    }));
    const request = { method: 'POST', headers: { 'x-own': 'a' }, body: 'zoë' } as const;
    const answer = await clientOf().request(`${origin}/a?b=c`, request, { signal });
    expect(answer).toMatchObject({ status: 418, headers: { 'x-header': 'value' } });
    expect(textOf(answer)).toBe('zoë 🦊');
    expect(received).toMatchObject([{ method: 'POST', path: '/a?b=c', headers: { 'x-own': 'a' }, body: 'zoë' }]);
  });

  test('follows no redirect', async () => {
    const { origin, received } = await serve(() => ({ status: 307, headers: { location: '/elsewhere' } }));
    expect(await clientOf().request(origin, GET, { signal })).toMatchObject({ status: 307 });
    expect(received).toHaveLength(1);
  });

  test('takes no proxy from the environment', async () => {
    const { origin } = await serve(() => ({ body: 'direct' }));
    const before = { ...process.env };
    Object.assign(process.env, {
      HTTP_PROXY: 'http://127.0.0.1:1',
      http_proxy: 'http://127.0.0.1:1',
      NODE_USE_ENV_PROXY: '1',
    });
    ends.push(async () => {
      process.env = before;
    });
    expect(textOf(await clientOf().request(origin, GET, { signal }))).toBe('direct');
  });

  test.each([
    ['says how long it is', { 'content-length': '101' }],
    ['does not say how long it is', { 'transfer-encoding': 'chunked' }],
  ])('an answer that is too long is a fault, if it %s', async (_, headers) => {
    const { origin } = await serve(() => ({ headers, body: 'x'.repeat(101) }));
    const asked = clientOf({ maxResponseBytes: 100 }).request(origin, GET, { signal });
    await expect(asked).rejects.toThrow(`backend: ${origin} answers more than maxResponseBytes.`);
    await expect(asked).rejects.toThrow(BackendFaultError);
  });

  test('an answer may be as long as that', async () => {
    const { origin } = await serve(() => ({ body: 'x'.repeat(100) }));
    expect(textOf(await clientOf({ maxResponseBytes: 100 }).request(origin, GET, { signal }))).toHaveLength(100);
  });

  test.each<[string, Answer]>([
    ['whose headers are longer than 16 KiB', { headers: { 'x-long': 'x'.repeat(17_000) } }],
    ['that is shorter than it says', { headers: { 'content-length': '9' }, body: 'x' }],
  ])('an answer %s is a fault', async (_, answer) => {
    const { origin } = await serve(() => answer);
    await expect(clientOf().request(origin, GET, { signal })).rejects.toThrow(BackendFaultError);
  });

  test('goes in clear to no other machine, even if a URL was found later', async () => {
    const asked = clientOf().request('http://192.0.2.1/', GET, { signal });
    await expect(asked).rejects.toThrow(ConfigurationError);
    await expect(asked).rejects.toThrow('must be https://');
  });

  test('a fault shows nothing of the URL but its origin', async () => {
    const asked = clientOf().request('http://127.0.0.1:1/marked-path?marked=query', GET, { signal });
    const error: unknown = await asked.catch((cause: unknown) => cause);
    expect((error as Error).message).toBe(
      'backend: http://127.0.0.1:1 gave no answer (ECONNREFUSED). Nothing listens there. Is the server running?',
    );
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('marked');
  });

  test('P5: what a broken server sends back is no part of the error', async () => {
    const request = { method: 'POST', body: 'marked-user-secret-1' } as const;
    const error: unknown = await clientOf()
      .request(await echo(), request, { signal })
      .catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(BackendFaultError);
    expect((error as Error).cause).toMatchObject({ name: 'HTTPParserError' });
    expect((error as Error).message).toMatch(/^backend: http:\/\/127\.0\.0\.1:\d+ answers something else than HTTP\.$/);
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('marked');
  });
});

describe('connections', () => {
  test('are used again', async () => {
    const service = await serve(() => ({ body: 'x' }));
    const client = clientOf();
    for (let call = 0; call < 20; call++) await client.request(service.origin, GET, { signal });
    // The first is not quite free yet when its answer is there.
    expect(await service.connections()).toBeLessThanOrEqual(2);
  });

  test('ASVS 13.1.3: there are at most as many as are allowed, and as many waiting, and then it is an overload', async () => {
    const hold = held();
    const service = await serve(hold.answer);
    const client = clientOf({ maxConnections: 3, maxQueued: 2 });
    const calls = Array.from({ length: 5 }, () => client.request(service.origin, GET, { signal }));
    const sixth: unknown = await client.request(service.origin, GET, { signal }).catch((cause: unknown) => cause);
    expect(sixth).toBeInstanceOf(OverloadedError);
    await hold.until(3);
    expect(await service.connections()).toBe(3);
    expect(service.received).toHaveLength(3);
    hold.release();
    await hold.until(2);
    hold.release();
    expect((await Promise.all(calls)).map(textOf)).toEqual(Array(5).fill('done'));
    expect(await service.connections()).toBeLessThanOrEqual(3);
  });

  test('are taken by nobody who has gone while waiting', async () => {
    const hold = held();
    const service = await serve(hold.answer);
    const client = clientOf({ maxConnections: 1 });
    const first = client.request(service.origin, GET, { signal });
    const caller = new AbortController();
    const second = client.request(service.origin, GET, caller);
    await hold.until(1);
    caller.abort(new Error('gone'));
    await expect(second).rejects.toThrow('gone');
    hold.release();
    await first;
    expect(service.received).toHaveLength(1);
  });

  test('that die between two requests are no fault of the next', async () => {
    const service = await serve(() => ({ body: 'x' }));
    const proxy = await FaultProxy.start(service.port);
    ends.push(() => proxy.close());
    const client = clientOf();
    for (let call = 0; call < 3; call++) {
      const answer = await client.request(`http://127.0.0.1:${proxy.port}`, GET, { signal });
      expect(textOf(answer)).toBe('x');
      proxy.cut();
      // The reset has come through when a connection that was made after it works.
      await clientOf().request(`http://127.0.0.1:${proxy.port}`, GET, { signal });
    }
    expect(service.received).toHaveLength(6);
  });
});

describe('the deadline', () => {
  test.each<[string, (hold: ReturnType<typeof held>) => Promise<string>]>([
    ['the headers', async (hold) => (await serve(hold.answer)).origin],
    ['the rest of the body', async (hold) => (await trickle(hold)).origin],
  ])('covers %s', async (_, begin) => {
    const hold = held();
    const clock = simulatedClock();
    const origin = await begin(hold);
    const asked = clientOf({ clock, timeout: 4_000 }).request(origin, GET, { signal });
    await hold.until(1);
    clock.increment(3_999);
    const settled = await Promise.race([asked.then(Boolean, Boolean), new Promise((resolve) => setImmediate(resolve))]);
    expect(settled).toBeUndefined();
    clock.increment(1);
    await expect(asked).rejects.toThrow(DeadlineExceededError);
    expect(clock.pending).toBe(0);
  });

  test('covers the wait for a connection, and frees the connection of who had it', async () => {
    const hold = held();
    const clock = simulatedClock();
    const { origin } = await serve(hold.answer);
    const client = clientOf({ clock, timeout: 4_000, maxConnections: 1 });
    const calls = [client.request(origin, GET, { signal }), client.request(origin, GET, { signal })];
    await hold.until(1);
    clock.increment(4_000);
    for (const call of calls) await expect(call).rejects.toThrow(DeadlineExceededError);
    const next = client.request(origin, GET, { signal });
    await hold.until(2);
    hold.release();
    expect(textOf(await next)).toBe('done');
  });

  test('leaves no timer behind', async () => {
    const clock = simulatedClock();
    const { origin } = await serve(() => ({ body: 'x' }));
    await clientOf({ clock }).request(origin, GET, { signal });
    expect(clock.pending).toBe(0);
  });
});

test('a request ends when nobody waits for it any more', async () => {
  const hold = held();
  const service = await serve(hold.answer);
  const caller = new AbortController();
  const asked = clientOf().request(service.origin, GET, caller);
  await hold.until(1);
  caller.abort(new Error('gone'));
  await expect(asked).rejects.toThrow('gone');
});

describe('fetch()', () => {
  test('is what jose and oauth4webapi take for fetch', async () => {
    const { origin, received } = await serve(({ body }) => ({ headers: { 'x-header': 'value' }, json: { body } }));
    const { fetch } = clientOf();
    const response = await fetch(`${origin}/token`, {
      method: 'POST',
      headers: new Headers({ Accept: 'application/json' }),
      body: new URLSearchParams({ token: 'a b' }),
      signal,
    });
    expect(response).toBeInstanceOf(Response);
    expect([response.status, response.ok, response.headers.get('x-header')]).toEqual([200, true, 'value']);
    expect(await response.json()).toEqual({ body: 'token=a+b' });
    expect(received).toMatchObject([{ method: 'POST', path: '/token', headers: { accept: 'application/json' } }]);
  });

  test.each([204, 304, 500])('gives an answer with status %i', async (status) => {
    const { origin } = await serve(() => ({ status }));
    const response = await clientOf().fetch(origin);
    expect([response.status, await response.text()]).toEqual([status, '']);
  });

  test('a status that HTTP has not is a fault', async () => {
    const { origin } = await serve(() => ({ status: 777 }));
    await expect(clientOf().fetch(origin)).rejects.toThrow(BackendFaultError);
  });
});

describe('close()', () => {
  test('ends what is under way and what waits, and every call after it', async () => {
    const hold = held();
    const { origin } = await serve(hold.answer);
    const client = clientOf({ maxConnections: 1 });
    const calls = [client.request(origin, GET, { signal }), client.request(origin, GET, { signal })];
    await hold.until(1);
    await client.close();
    await client.close();
    for (const call of [...calls, client.request(origin, GET, { signal }), client.fetch(origin)]) {
      await expect(call).rejects.toThrow(ClosedError);
    }
  });

  test('of a client that has not been used connects to nothing', async () => {
    await expect(httpClient('backend', {}).close()).resolves.toBeUndefined();
  });

  test('leaves no connection that a call opens at the same time', async () => {
    const service = await serve(() => ({ body: 'x' }));
    const client = clientOf();
    const call = client.request(service.origin, GET, { signal });
    await client.close();
    await expect(call).rejects.toThrow(ClosedError);
    expect(await service.connections()).toBe(0);
  });
});
