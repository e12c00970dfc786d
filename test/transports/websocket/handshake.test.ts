import { once } from 'node:events';
import { afterEach, describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { ConfigurationError } from '../../../src/model/errors.js';
import { request, TransportWorld, type TransportWorldOptions } from '../../support/transport-world.js';
import { refusedHandshake, WebSocketClient } from '../../support/web-socket-client.js';

let world: TransportWorld;
const start = async (options: TransportWorldOptions = {}) => {
  world = await TransportWorld.start(options);
  return world;
};
afterEach(() => world?.stop());

describe('an endpoint', () => {
  test('has an address, which is there once it listens', async () => {
    world = new TransportWorld({ path: '/session' });
    expect(() => world.transport.address()).toThrow(ConfigurationError);
    await world.transport.listening;
    const { host, port, url } = world.transport.address();
    expect(host).toBe('127.0.0.1');
    expect(url).toBe(`ws://127.0.0.1:${port}/session`);
    expect(await (await world.connect()).ask(request())).toMatchObject({ success: true });
  });

  test('is at its path only', async () => {
    await start({ path: '/session' });
    const refused = await refusedHandshake(world.url.replace('/session', '/other'));
    expect(refused.status).toBe(404);
    expect(await world.event('handshake.refused')).toMatchObject({
      status: 404,
      cause: 'path',
      ipAddress: '127.0.0.1',
    });
  });

  test('RFC 9110 §15.5.22, RFC 9457: tells plain HTTP to upgrade', async () => {
    await start();
    for (const method of ['GET', 'POST']) {
      const response = await fetch(world.url.replace('ws:', 'http:'), {
        method,
        ...(method === 'POST' && { body: 'x'.repeat(100_000) }),
      });
      expect(response.status).toBe(426);
      expect(response.headers.get('upgrade')).toBe('websocket');
      expect(response.headers.get('content-type')).toBe('application/problem+json');
      expect(await response.json()).toMatchObject({ status: 426, title: 'Upgrade Required', type: 'about:blank' });
    }
  });

  test('answers plain HTTP as it is told to, and a fault in that is told, and harms nobody', async () => {
    await start({
      onRequest({ url }, response) {
        if (url === '/broken') throw new Error('broken');
        if (url === '/mine') response.end('mine');
        return url === '/mine';
      },
    });
    const ask = (path: string) => fetch(new URL(path, world.url.replace('ws:', 'http:')));
    expect(await (await ask('/mine')).text()).toBe('mine');
    expect((await ask('/other')).status).toBe(426);
    expect((await ask('/broken')).status).toBe(426);
    expect(await world.event('fault.reported')).toMatchObject({ source: 'onRequest', cause: new Error('broken') });
    expect(await (await WebSocketClient.open(world.url)).ask(request())).toMatchObject({ success: true });
  });

  test('ASVS 14.2.1: takes no secret from a URL, and repeats none', async () => {
    await start();
    const secret = 'marked-user-secret-5';
    const client = await WebSocketClient.open(`${world.url}?username=ada&user_secret=${secret}`);
    expect(await client.ask({})).toMatchObject({ data: { code: 'malformed_request' } });
    await client.close();
    await refusedHandshake(`${world.url}nowhere?user_secret=${secret}`);
    await world.event('connection.closed');
    expect(JSON.stringify([world.events, world.records])).not.toContain(secret);
  });

  test('speaks no sub-protocol, and does not compress', async () => {
    await start();
    const client = await world.connect({ perMessageDeflate: true });
    expect(client.socket.extensions).toBe('');
    const [error] = await once(new WebSocket(world.url, ['dmod']), 'error');
    expect(error.message).toBe('Server sent no subprotocol');
  });

  test('that is full refuses with 503 and Retry-After, until there is room again', async () => {
    await start({ maxConnections: 3 });
    const clients = await Promise.all([world.connect(), world.connect(), world.connect()]);
    const refused = await refusedHandshake(world.url);
    expect(refused).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
    expect(refused.headers['content-type']).toBe('application/problem+json');
    expect(JSON.parse(refused.body)).toMatchObject({ status: 503, title: 'Service Unavailable' });
    expect(await clients[1].ask(request())).toMatchObject({ success: true });
    await clients[0].close();
    await world.until(() => world.transport.connections === 2);
    expect(await (await world.connect()).ask(request())).toMatchObject({ success: true });
  });
});

describe('one address', () => {
  const from = (address: string) => ({ headers: { 'X-Forwarded-For': address } });

  test('has so many connections; one more is refused with 503 and Retry-After, until there is room again', async () => {
    await start({ maxConnectionsPerAddress: 2, trustedProxies: ['127.0.0.1'] });
    const [first] = await Promise.all([world.connect(from('192.0.2.1')), world.connect(from('::ffff:192.0.2.1'))]);
    const refused = await refusedHandshake(world.url, from('192.0.2.1'));
    expect(refused).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
    expect(await world.event('handshake.refused')).toMatchObject({ cause: 'addressFull', status: 503 });
    expect(await (await world.connect(from('192.0.2.2'))).ask(request())).toMatchObject({ success: true });
    await first.close();
    await world.until(() => world.transport.connections === 2);
    expect(await (await world.connect(from('192.0.2.1'))).ask(request())).toMatchObject({ success: true });
    await refusedHandshake(world.url, from('192.0.2.1'));
  });

  test('is the first 64 bits of an IPv6 address', async () => {
    await start({ maxConnectionsPerAddress: 2, trustedProxies: ['127.0.0.1'] });
    await world.connect(from('2001:db8::1'));
    await world.connect(from('2001:db8::2'));
    expect(await refusedHandshake(world.url, from('2001:db8::3'))).toMatchObject({ status: 503 });
    await world.connect(from('2001:db8:0:1::1'));
  });

  test('is nobody any more when its connections are closed', async () => {
    await start({ maxConnectionsPerAddress: 1 });
    for (let round = 0; round < 5; round++) {
      const client = await world.connect();
      await client.close();
      await world.until(() => world.transport.connections === 0);
    }
    expect(await (await world.connect()).ask(request())).toMatchObject({ success: true });
  });
});

describe('ASVS 4.4.2: the Origin of a handshake', () => {
  /** What a client elsewhere sends, behind a proxy here. */
  const elsewhere = { trustedProxies: ['127.0.0.1'] };
  const forwarded = { 'X-Forwarded-For': '203.0.113.9' };

  const allowed = async (origin: string | undefined, host?: string, more: Record<string, string> = {}) => {
    const headers = { ...(origin && { origin }), ...(host && { host }), ...more };
    const client = await world.connect({ headers });
    expect(await client.ask(request())).toMatchObject({ success: true });
  };
  const refused = async (origin: string, host?: string, more: Record<string, string> = {}) => {
    const headers = { origin, ...(host && { host }), ...more };
    expect(await refusedHandshake(world.url, { headers })).toMatchObject({ status: 403 });
    expect(await world.event('handshake.refused')).toMatchObject({ cause: 'origin', status: 403 });
    expect(world.transport.connections).toBe(0);
  };

  test('is by default absent, or that of the server', async () => {
    await start(elsewhere);
    await allowed(undefined, undefined, forwarded);
    await allowed('https://app.example.org', 'app.example.org', forwarded);
    await allowed('https://app.example.org', 'app.example.org:443', forwarded);
  });

  test('is by default that of this machine for a client on it, by a name that no page can make its own', async () => {
    await start();
    const { port } = world.transport.address();
    await allowed(undefined, `evil.example:${port}`);
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`]) {
      await allowed(`http://${host}`, host);
      await allowed(`https://${host}`, host);
    }
  });

  test.each([
    ['http://evil.example', 'evil.example'],
    ['http://evil.example:3012', 'evil.example:3012'],
    ['http://localhost.evil.example', 'localhost.evil.example'],
    ['http://127.0.0.1.evil.example', '127.0.0.1.evil.example'],
    ['http://localhost.', 'localhost.'],
    ['http://localhost:80', 'localhost:3012'],
    ['http://127.0.0.1', 'evil.example'],
    ['http://localhost', '127.0.0.1'],
  ])('is refused to a page that has made its name lead here (DNS rebinding): %p at %p', async (origin, host) => {
    await start(elsewhere);
    await refused(origin, host);
  });

  test('is one of those that are listed, on this machine, too', async () => {
    await start({ origins: ['http://app.example'] });
    await allowed('http://app.example', 'app.example');
  });

  test.each([
    ['https://evil.example', undefined],
    ['null', undefined],
    ['nonsense', undefined],
    ['https://app.example.org.evil.example', 'app.example.org'],
    ['https://app.example.org:8443', 'app.example.org'],
    ['http://app.example.org', 'app.example.org:443'],
    ['https://app.example.org', 'evil.example'],
    ['https://app.example.org/path', 'app.example.org'],
  ])('is refused by default if it is another: %p at %p', async (origin, host) => {
    await start(elsewhere);
    await refused(origin, host, forwarded);
  });

  test('is one of those that are listed', async () => {
    await start({ origins: ['https://app.example.org', 'https://Other.example:443/'] });
    await allowed('https://app.example.org');
    await allowed('https://other.example');
    await allowed(undefined);
    await refusedHandshake(world.url, { headers: { origin: world.url.replace('ws:', 'http:').slice(0, -1) } });
  });

  test('is any if that is asked for by name', async () => {
    await start({ origins: ['*'] });
    await allowed('https://evil.example');
    await allowed('null');
  });
});

describe('ASVS 15.3.4: the address of a client', () => {
  const addressOf = async (forwardedFor: string | undefined) => {
    const client = await world.connect(
      forwardedFor === undefined ? {} : { headers: { 'X-Forwarded-For': forwardedFor } },
    );
    return (await client.ask(request())).data?.['ip_address'];
  };

  test('is that of the socket, whatever it says', async () => {
    await start();
    expect(await addressOf('203.0.113.9')).toBe('127.0.0.1');
  });

  test('is what a trusted proxy says, as far as trusted proxies have said it', async () => {
    await start({ trustedProxies: ['127.0.0.0/8', '10.0.0.0/8'] });
    expect(await addressOf(undefined)).toBe('127.0.0.1');
    expect(await addressOf('203.0.113.9')).toBe('203.0.113.9');
    expect(await addressOf('198.51.100.1, 203.0.113.9, 10.1.2.3')).toBe('203.0.113.9');
    expect(await addressOf('198.51.100.1, nonsense, 10.1.2.3')).toBe('10.1.2.3');
    expect(await addressOf('::ffff:203.0.113.9')).toBe('203.0.113.9');
    expect(await addressOf('[2001:DB8::1]:443')).toBe('2001:db8::1');
  });

  test('is not what a proxy says that is not trusted', async () => {
    await start({ trustedProxies: ['10.0.0.0/8'] });
    expect(await addressOf('203.0.113.9')).toBe('127.0.0.1');
  });
});
