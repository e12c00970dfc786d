import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { WebSocket, WebSocketServer } from 'ws';
import { answerWithPing } from '../../../src/transports/websocket/frames.js';

let server: WebSocketServer;
beforeAll(async () => {
  server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
});
afterAll(() => server.close());

/** What a client of `ws` reads, until its server closes. */
async function read(frames: Buffer): Promise<[kind: string, text: string][]> {
  server.once('connection', (webSocket, { socket }) => {
    socket.write(frames);
    webSocket.close();
  });
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const events: [string, string][] = [];
  client.on('message', (data, isBinary) => events.push([isBinary ? 'binary' : 'text', String(data)]));
  client.on('ping', (data) => events.push(['ping', String(data)]));
  client.on('error', (error) => events.push(['error', error.message]));
  await once(client, 'close');
  return events;
}

test.each([0, 1, 125, 126, 127, 65_535, 65_536, 100_000])(
  'an answer of %d bytes, and a ping behind it',
  async (bytes) => {
    const answer = 'x'.repeat(bytes);
    expect(await read(answerWithPing(answer, '17'))).toEqual([
      ['text', answer],
      ['ping', '17'],
    ]);
  },
);

test.each(['é'.repeat(62), 'é'.repeat(63), '💥'.repeat(16_384)])(
  'bytes are counted, and not characters',
  async (answer) => {
    expect(await read(answerWithPing(answer, '1'))).toEqual([
      ['text', answer],
      ['ping', '1'],
    ]);
  },
);
