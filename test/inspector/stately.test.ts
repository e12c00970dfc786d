import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { createWebSocketInspector, createWebSocketReceiver } from '@statelyai/inspect';
import { type WebSocket, WebSocketServer } from 'ws';
import { assign, createActor, createMachine, fromPromise } from 'xstate';
import type { Inspector } from '../../src/inspector/inspector.js';
import type { ActorSummary } from '../../src/inspector/protocol.js';
import { sendToStately } from '../../src/inspector/send-to-stately.js';
import { InitWorld, USER_SECRET } from '../support/init-world.js';
import { ScriptedPage, startInspector } from '../support/inspector-world.js';
import { YES } from '../support/scripted-backends.js';

jest.setTimeout(30_000);

const player = createMachine({
  id: 'player',
  initial: 'stopped',
  context: { volume: 3, apiToken: 'marked-user-secret-9' },
  states: {
    stopped: { description: 'Nothing is heard.', on: { play: 'playing' } },
    playing: {
      initial: 'loud',
      states: { loud: { on: { lower: 'quiet' } }, quiet: {} },
      on: { stop: 'stopped' },
      invoke: { id: 'load', src: fromPromise(async () => 'tune') },
      entry: assign({ volume: 5 }),
    },
  },
});

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(): Promise<{ inspector: Inspector; page: ScriptedPage }> {
  const inspector = await startInspector();
  const page = await ScriptedPage.open(inspector.url);
  await page.hello();
  closing.push(() => inspector.close());
  return { inspector, page };
}

function actorsOf(page: ScriptedPage): Map<string, ActorSummary> {
  const all = page.messages.flatMap((message) => (message.type === 'update' ? (message.actors?.actors ?? []) : []));
  return new Map(all.map((actor) => [actor.name, actor]));
}

describe('an application with createWebSocketInspector() of @statelyai/inspect', () => {
  test('is shown: its machines, their states, the events that they got', async () => {
    const { inspector, page } = await start();
    const application = createWebSocketInspector({ url: inspector.statelyUrl });
    closing.push(() => application.stop());
    const actor = createActor(player, { inspect: application.inspect });
    closing.push(() => actor.stop());
    actor.start();
    actor.send({ type: 'play' });
    actor.send({ type: 'lower' });
    await page.until(() => actorsOf(page).get('player')?.states[0] === 'playing.quiet');
    const told = actorsOf(page).get('player');
    expect(told).toMatchObject({
      id: expect.stringMatching(/^app-1\//),
      status: 'active',
      machine: {
        key: 'player',
        states: [
          { key: 'playing', states: [{ key: 'loud' }, { key: 'quiet' }] },
          { key: 'stopped', description: 'Nothing is heard.', events: [{ event: 'play', target: 'playing' }] },
        ],
      },
    });
    expect(told?.context).toBe('{"apiToken":"[redacted]","volume":5}');
    expect([...actorsOf(page).keys()]).toContain('load');
    const events = page.messages.flatMap((message) =>
      message.type === 'update' ? (message.actors?.events ?? []) : [],
    );
    expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(['play', 'lower', 'xstate.done.actor.load']));
    expect(JSON.stringify(page.messages)).not.toContain('marked-user-secret-9');
  });

  test('two of them do not get into each other’s way', async () => {
    const { inspector, page } = await start();
    for (const id of ['one', 'two']) {
      const application = createWebSocketInspector({ url: inspector.statelyUrl });
      closing.push(() => application.stop());
      application.actor(`x:0`, { status: 'active', value: id });
    }
    await page.until(
      () =>
        new Set(page.messages.flatMap((m) => (m.type === 'update' ? (m.actors?.actors ?? []) : [])).map(({ id }) => id))
          .size === 2,
    );
  });
});

describe('an XState system of this process', () => {
  test('is shown, also if it began before somebody looked', async () => {
    const inspector = await startInspector();
    closing.push(() => inspector.close());
    const actor = createActor(player, { inspect: inspector.inspect });
    closing.push(() => actor.stop());
    actor.start();
    actor.send({ type: 'play' });
    const page = await ScriptedPage.open(inspector.url);
    await page.until(() => actorsOf(page).get('player')?.states[0] === 'playing.loud');
    actor.send({ type: 'stop' });
    await page.until(() => actorsOf(page).get('player')?.states[0] === 'stopped');
  });
});

describe('sendToStately()', () => {
  /** What relays events to Stately's inspector does no more. */
  async function startRelay() {
    const relay = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(relay, 'listening');
    const clients = new Set<WebSocket>();
    relay.on('connection', (client) => {
      clients.add(client);
      client.on('message', (data) => {
        for (const other of clients) if (other !== client) other.send(String(data));
      });
    });
    closing.push(() => {
      for (const client of clients) client.terminate();
      relay.close();
    });
    return { url: `ws://127.0.0.1:${(relay.address() as AddressInfo).port}`, relay };
  }

  test('shows inits to createWebSocketReceiver() of @statelyai/inspect, and no secret', async () => {
    const { url, relay } = await startRelay();
    const seen: { type: string; snapshot?: { value?: unknown; status?: string } }[] = [];
    let whenSeen = () => {};
    createWebSocketReceiver({ server: url }).subscribe((event) => {
      seen.push(event as (typeof seen)[number]);
      whenSeen();
    });
    await once(relay, 'connection');
    const world = new InitWorld(() => ({ authentication: YES, authorization: YES, session: YES }));
    closing.push(sendToStately(world.orchestrator, { url, clock: world.clock }));
    const [connected] = await once(relay, 'connection');
    expect(connected).toBeDefined();
    // It is connected when the client knows it, too.
    for (;;) {
      world.init('alice');
      await world.clock.advance(10);
      if (seen.length > 0) break;
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    while (!seen.some(({ snapshot }) => snapshot?.status === 'done')) {
      await new Promise<void>((resolve) => {
        whenSeen = resolve;
      });
    }
    const [actor] = seen.filter(({ type }) => type === '@xstate.actor');
    expect(actor).toMatchObject({
      name: expect.stringMatching(/^sessionInit /),
      definition: expect.any(String),
      _version: '0.7.2',
    });
    const snapshots = seen.filter(({ type }) => type === '@xstate.snapshot').map(({ snapshot }) => snapshot?.value);
    expect(snapshots.slice(0, 3)).toEqual(['admitting', 'authenticating', 'authorizing']);
    const text = JSON.stringify(seen);
    expect(text).not.toContain(USER_SECRET);
    for (const { session_secret } of world.log.live.values()) expect(text).not.toContain(session_secret?.reveal());
  });

  test('an address that is none is refused', () => {
    const world = new InitWorld(() => ({ authentication: YES, authorization: YES, session: YES }));
    expect(() => sendToStately(world.orchestrator, { url: 'http://localhost:8080' })).toThrow(/address of a WebSocket/);
  });
});
