import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { ConfigurationError } from '../../../src/model/errors.js';
import { webSocketTransport } from '../../../src/transports/websocket.js';
import { describeWith, openssl } from '../../support/requires.js';
import { selfSigned } from '../../support/self-signed.js';
import { request, TransportWorld, type TransportWorldOptions } from '../../support/transport-world.js';
import { refusedHandshake, WebSocketClient } from '../../support/web-socket-client.js';

let world: TransportWorld;
const start = async (options: TransportWorldOptions = {}) => {
  world = await TransportWorld.start(options);
  return world;
};
const servers: Server[] = [];
afterEach(async () => {
  await world?.stop();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

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

describe('listening', () => {
  test('on a port in use says what to do', async () => {
    const taken = createTcpServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    await start();
    const transport = webSocketTransport(world.orchestrator, { port });
    await expect(transport.listening).rejects.toThrow(ConfigurationError);
    await expect(transport.listening).rejects.toThrow(
      `127.0.0.1:${port}: the port is in use. Stop what listens there, or choose another port; 0 takes a free one.`,
    );
    await transport.close();
    await new Promise((resolve) => taken.close(resolve));
  });

  test('on an address of another machine says so', async () => {
    await start();
    const transport = webSocketTransport(world.orchestrator, { port: 0, host: '192.0.2.1', allowPlaintext: true });
    await expect(transport.listening).rejects.toThrow('the host is no address of this machine');
    await transport.close();
  });

  test('that fails and that nobody waits for is told as a fault', async () => {
    const events: unknown[] = [];
    await start();
    const { port } = world.transport.address();
    const transport = webSocketTransport(world.orchestrator, { port, onEvent: (event) => events.push(event) });
    while (events.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(events).toMatchObject([{ type: 'fault.reported', source: 'server' }]);
    await transport.close();
  });

  test.each(['0.0.0.0', '::', '192.0.2.1', 'example.org', ''])(
    'ASVS 4.4.1: without TLS on %p is refused, naming the option',
    async (host) => {
      await start();
      expect(() => webSocketTransport(world.orchestrator, { port: 0, host })).toThrow(ConfigurationError);
      expect(() => webSocketTransport(world.orchestrator, { port: 0, host })).toThrow('allowPlaintext');
    },
  );

  test('ASVS 4.4.1: without TLS is possible where it is asked for by name', async () => {
    await start();
    const transport = webSocketTransport(world.orchestrator, { port: 0, host: '0.0.0.0', allowPlaintext: true });
    await transport.listening;
    const client = await WebSocketClient.open(`ws://127.0.0.1:${transport.address().port}/`);
    expect(await client.ask(request())).toMatchObject({ success: true });
    await transport.close();
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

describe('a server that is there already', () => {
  const serve = async (host = '127.0.0.1') => {
    const server = createServer((_, response) => response.end('of its owner'));
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    return server;
  };

  test('keeps its requests; its upgrades on the path are taken', async () => {
    const server = await serve();
    await start({ server, path: '/session' });
    expect(world.url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/session$/);
    expect(await (await world.connect()).ask(request())).toMatchObject({ success: true });
    expect(await (await fetch(world.url.replace('ws:', 'http:'))).text()).toBe('of its owner');
    expect(await refusedHandshake(world.url.replace('/session', '/'))).toMatchObject({ status: 404 });
  });

  test('can serve other upgrades, which are left alone', async () => {
    const server = await serve();
    await start({ server, path: '/session' });
    server.on('upgrade', ({ url }, socket) => {
      if (url === '/other') socket.end('HTTP/1.1 418 Of its owner\r\n\r\n');
    });
    expect(await refusedHandshake(world.url.replace('/session', '/other'))).toMatchObject({ status: 418 });
    expect(await (await world.connect()).ask(request())).toMatchObject({ success: true });
  });

  test('is waited for if it does not listen yet', async () => {
    const server = createServer();
    servers.push(server);
    world = new TransportWorld({ server });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await world.transport.listening;
    expect(await (await world.connect()).ask(request())).toMatchObject({ success: true });
  });

  test('stays open when the transport is drained, and is left by it', async () => {
    const server = await serve();
    await start({ server });
    const client = await world.connect();
    await client.ask(request());
    await world.transport.drain();
    expect(await client.closed).toMatchObject({ code: 1001 });
    expect(server.listening).toBe(true);
    expect(server.listenerCount('upgrade')).toBe(0);
  });

  test('ASVS 4.4.1: without TLS takes no secrets from other machines, unless that is asked for by name', async () => {
    const address = Object.values(networkInterfaces())
      .flatMap((all) => all ?? [])
      .find(({ internal, family }) => !internal && family === 'IPv4')?.address;
    // A machine that no other can reach has nothing to refuse.
    if (address === undefined) return;
    const server = await serve('0.0.0.0');
    await start({ server });
    const url = `ws://${address}:${world.transport.address().port}/`;
    const refused = await refusedHandshake(url);
    expect(refused.status).toBe(403);
    expect(JSON.parse(refused.body).detail).toBe('Secrets are taken over TLS only: connect with wss://.');
    expect(await world.event('handshake.refused')).toMatchObject({ cause: 'plaintext' });
    await world.transport.close();
    const other = webSocketTransport(world.orchestrator, { server, allowPlaintext: true });
    const client = await WebSocketClient.open(url);
    expect(await client.ask(request())).toMatchObject({ success: true });
    await other.close();
  });
});

describeWith(openssl, 'ASVS 4.4.1: TLS', (command) => {
  test('serves wss', async () => {
    const tls = selfSigned(command);
    await start();
    const transport = webSocketTransport(world.orchestrator, { port: 0, host: '0.0.0.0', tls });
    await transport.listening;
    const { port, url } = transport.address();
    expect(url).toBe(`wss://0.0.0.0:${port}/`);
    const client = await WebSocketClient.open(`wss://localhost:${port}/`, { ca: tls.cert });
    expect(await client.ask(request())).toMatchObject({ success: true });
    await expect(WebSocketClient.open(`wss://localhost:${port}/`)).rejects.toThrow('self-signed');
    await expect(WebSocketClient.open(`ws://127.0.0.1:${port}/`)).rejects.toThrow();
    await transport.close();
    expect(await client.closed).toMatchObject({ code: 1001 });
  });

  test('that is agreed on, without a handshake after it, is cut off', async () => {
    const tls = selfSigned(command);
    await start();
    const transport = webSocketTransport(world.orchestrator, { port: 0, tls, clock: world.clock });
    await transport.listening;
    const socket = connectTls({ port: transport.address().port, host: '127.0.0.1', ca: tls.cert });
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    socket.write('GET / HTTP/1.1\r\n');
    while (!socket.closed) await world.clock.advance(1_000);
    await transport.close();
  });

  test.each([
    ['no PEM', (pair: { cert: string; key: string }) => ({ ...pair, cert: 'nonsense' })],
    ['of another pair', (pair: { cert: string; key: string }) => ({ ...pair, key: selfSigned(command).key })],
  ])('with a certificate that is %s is refused, without showing the key', async (_, spoil) => {
    await start();
    const tls = spoil(selfSigned(command));
    const create = () => webSocketTransport(world.orchestrator, { port: 0, tls });
    expect(create).toThrow(ConfigurationError);
    expect(create).toThrow('tls: the certificate and its key cannot be used.');
  });
});
