import { once } from 'node:events';
import { afterEach, describe, expect, test } from '@jest/globals';
import { maskedFrame } from '../../support/masked-frame.js';
import { request, TransportWorld, type TransportWorldOptions } from '../../support/transport-world.js';
import { RawClient } from '../../support/web-socket-client.js';

let world: TransportWorld;
const start = async (options: TransportWorldOptions = {}) => {
  world = await TransportWorld.start(options);
  return world;
};
afterEach(() => world.stop());

/** As many frames of a few bytes come in one chunk of a socket. */
const BURST = 4_000;

/** Counts how often something is done between two turns of the event loop, in which timers and other sockets have theirs. */
function perTurn() {
  let inThisTurn = 0;
  let most = 0;
  let total = 0;
  let isOver = false;
  const turn = () => {
    inThisTurn = 0;
    if (!isOver) setImmediate(turn);
  };
  turn();
  return {
    count: () => {
      total++;
      inThisTurn++;
      most = Math.max(most, inThisTurn);
    },
    get total() {
      return total;
    },
    end: () => {
      isOver = true;
      return most;
    },
  };
}

/** A client that has sent a burst of one frame. */
async function burst(...frames: readonly Buffer[]): Promise<RawClient> {
  const client = await RawClient.upgraded(world.url);
  client.socket.write(Buffer.concat(frames));
  return client;
}

const turns = () => new Promise((resolve) => setImmediate(resolve));

describe('a client that sends without a pause', () => {
  test('the service’s own messages gets two of them handled, at most, before the event loop turns', async () => {
    const handled = perTurn();
    await start({ onMessage: handled.count });
    const client = await burst(maskedFrame(request()), ...Array<Buffer>(BURST).fill(maskedFrame({})));
    while (handled.total < BURST) await turns();
    expect(handled.end()).toBeLessThanOrEqual(2);
    client.socket.destroy();
  });

  test('requests that are denied at once gets two of them answered, at most, before the event loop turns', async () => {
    const answered = perTurn();
    await start();
    world.orchestrator.on('init.completed', answered.count);
    const count = 500;
    const client = await burst(...Array<Buffer>(count).fill(maskedFrame(request('z', 'x'))));
    while (answered.total < count) await turns();
    expect(answered.end()).toBeLessThanOrEqual(2);
    client.socket.destroy();
  });

  test('messages that wait for one that takes long gets them handled one by one, too', async () => {
    const handled = perTurn();
    await start({ onMessage: handled.count });
    const { release, reached } = world.hold('held');
    const client = await burst(maskedFrame(request('held')), ...Array<Buffer>(1_000).fill(maskedFrame({})));
    await reached;
    for (let turn = 0; turn < 2_000; turn++) await turns();
    release();
    while (handled.total < 1_000) await turns();
    expect(handled.end()).toBeLessThanOrEqual(2);
    client.socket.destroy();
  });

  test('pings gets an answer to the latest of them', async () => {
    await start();
    const client = await RawClient.upgraded(world.url);
    const count = 1_000;
    const ping = (_: unknown, index: number) => {
      const payload = Buffer.from(String(index).padStart(4, '0'));
      return Buffer.concat([Buffer.from([0x89, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
    };
    client.socket.write(Buffer.concat(Array.from({ length: count }, ping)));
    while (!client.received.includes('0999')) await once(client.socket, 'data');
    // Each pong is two bytes and its payload.
    expect(client.received.length / 6).toBeLessThan(count / 2);
    client.socket.destroy();
  });

  test('does not keep another client waiting', async () => {
    const handled = perTurn();
    await start({ onMessage: handled.count });
    const client = await burst(maskedFrame(request()), ...Array<Buffer>(BURST).fill(maskedFrame({})));
    while (handled.total === 0) await turns();
    const other = await world.connect();
    expect(await other.ask(request('other'))).toMatchObject({ success: true });
    expect(handled.total).toBeLessThan(BURST / 2);
    handled.end();
    client.socket.destroy();
  });

  test('gets nothing handled any more once it is gone', async () => {
    const handled = perTurn();
    await start({ onMessage: handled.count });
    const client = await burst(maskedFrame(request()), ...Array<Buffer>(BURST).fill(maskedFrame({})));
    while (handled.total < 10) await turns();
    world.transport.close();
    const before = handled.total;
    for (let turn = 0; turn < 100; turn++) await turns();
    expect(handled.total).toBe(before);
    handled.end();
    client.socket.destroy();
  });
});
