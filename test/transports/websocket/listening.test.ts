import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, test } from '@jest/globals';
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
