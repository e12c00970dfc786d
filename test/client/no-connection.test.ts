import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { ALICE, clientWorld, TIMED_OUT } from '../support/client-world.js';

const world = clientWorld();

describe('without a connection an init times out, and nothing is thrown', () => {
  const NO_CONNECTION = { ...TIMED_OUT, user: 'alice', details: 'There was no connection to the server.' };

  test('nobody listens', async () => {
    await world.withoutServer(async (url) => {
      const client = world.connect(url);
      const { data } = await client.init(ALICE);
      expect(data).toMatchObject(NO_CONNECTION);
      expect(await client.opened).toBe(false);
      expect(await client.closed).toEqual({ code: 1006, reason: '' });
      expect(world.errors).toEqual([
        [
          expect.objectContaining({ code: 'backend_fault', message: expect.stringContaining(new URL(url).origin) }),
          (data as { reference_id?: string }).reference_id,
        ],
      ]);
      expect(world.errors[0]?.[0].cause).toMatchObject({ code: 'ECONNREFUSED' });
      expect(world.clock.pending).toBe(0);
    });
  });

  test.each([503, 403, 200, 302])('the handshake is answered with %i', async (status) => {
    const http = createHttpServer();
    http.on('upgrade', (_, socket) =>
      socket.end(
        `HTTP/1.1 ${status} No\r\nLocation: ${world.server.url}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
      ),
    );
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const client = world.connect(`ws://127.0.0.1:${(http.address() as AddressInfo).port}/`);
    expect((await client.init(ALICE)).data).toMatchObject(NO_CONNECTION);
    expect(world.server.connections.size).toBe(0);
    http.close();
  });

  test('something else answers', async () => {
    await withTcpServer(
      (socket) => socket.end('220 mail.example.org ESMTP\r\n'),
      async (url) => {
        expect((await world.connect(url).init(ALICE)).data).toMatchObject(NO_CONNECTION);
      },
    );
  });

  test('a server accepts, and says nothing', async () => {
    await withTcpServer(
      (socket) => socket.resume(),
      async (url, accepted) => {
        const client = world.connect(url, { deadline: 7_000 });
        const asked = client.init(ALICE, { deadline: 5_000 });
        const [socket] = (await accepted) as [Socket];
        await world.clock.advance(5_000);
        expect((await asked).data).toMatchObject(NO_CONNECTION);
        // The connection itself may take as long as the client allows.
        expect(await Promise.race([client.opened, 'nothing yet'])).toBe('nothing yet');
        const left = once(socket, 'close');
        await world.clock.advance(2_000);
        expect(await client.opened).toBe(false);
        expect(world.errors.map(([error]) => String(error.cause))).toEqual(['Error: It was not open after 7000 ms.']);
        expect(world.clock.pending).toBe(0);
        await left;
      },
    );
  });

  test('and nobody has asked for anything: the developer is told', async () => {
    await world.withoutServer(async (url) => {
      const client = world.connect(url);
      expect(await client.opened).toBe(false);
      await world.clock.advance(0);
      expect(world.errors).toEqual([[expect.objectContaining({ code: 'backend_fault' }), undefined]]);
    });
  });

  test('and an onError that throws, or rejects, harms nothing', async () => {
    await world.withoutServer(async (url) => {
      const throwing = world.connect(url, {
        onError: () => {
          throw new Error('in onError');
        },
      });
      const rejecting = world.connect(url, { onError: () => Promise.reject(new Error('in onError')) as never });
      expect((await throwing.init(ALICE)).data).toMatchObject(NO_CONNECTION);
      expect((await rejecting.init(ALICE)).data).toMatchObject(NO_CONNECTION);
    });
  });

  async function withTcpServer(
    serve: (socket: Socket) => unknown,
    use: (url: string, accepted: Promise<unknown[]>) => Promise<void>,
  ): Promise<void> {
    const sockets: Socket[] = [];
    const tcp: Server = createServer((socket) => {
      sockets.push(socket.on('error', () => {}));
      serve(socket);
    });
    tcp.listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const accepted = once(tcp, 'connection');
    try {
      await use(`ws://127.0.0.1:${(tcp.address() as AddressInfo).port}/`, accepted);
    } finally {
      for (const socket of sockets) socket.destroy();
      tcp.close();
    }
  }
});
