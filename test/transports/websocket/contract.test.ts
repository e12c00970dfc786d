import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { request, TransportWorld } from '../../support/transport-world.js';
import type { Frame, WebSocketClient } from '../../support/web-socket-client.js';

/*
 * Clients that say and do anything, in any order: whatever that is, each gets answers to its messages, one for each, in
 * order, and the sessions that live in the end are those of which a client was told. fast-check prints the seed and the
 * shortest script that breaks this.
 */

const KINDS = ['granted', 'held', 'denied', 'own', 'nonsense', 'binary', 'array', 'large', 'oversize'] as const;
type Kind = (typeof KINDS)[number];

type Step =
  | { do: 'send'; client: number; kinds: readonly Kind[] }
  /** The client closes, by the book. */
  | { do: 'close'; client: number }
  /** The client is gone at a moment at which nothing is on its way to it. */
  | { do: 'vanish'; client: number }
  /** Those that are held may go on. */
  | { do: 'release' };

const CLIENTS = 3;
const MAX_QUEUED = 4;
const client = fc.nat(CLIENTS - 1);
const kinds = fc.array(
  fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom(...KINDS.filter((kind) => kind !== 'oversize')) },
    { weight: 1, arbitrary: fc.constant('oversize' as const) },
  ),
  { minLength: 1, maxLength: 12 },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('send' as const), client, kinds }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('close' as const), client }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('vanish' as const), client }) },
  { weight: 2, arbitrary: fc.constant({ do: 'release' as const }) },
);

function frameOf(kind: Kind, name: string): unknown {
  switch (kind) {
    case 'granted':
    case 'held':
      return request(name);
    case 'denied':
      return request(name, 'wrong');
    case 'own':
      return { own: name };
    case 'nonsense':
      return '{"username":';
    case 'binary':
      return new Uint8Array([0x7b, 0x80, 0x7d]);
    case 'array':
      return [request(name)];
    case 'large':
      return `${JSON.stringify(request(name))}${' '.repeat(60_000)}`;
    case 'oversize':
      return 'x'.repeat(70_000);
  }
}

interface Sent {
  kind: Kind;
  name: string;
  isReleased: boolean;
}

/** One client, and what it may expect. */
class Party {
  readonly sent: Sent[] = [];
  constructor(
    readonly client: WebSocketClient,
    readonly connectionId: string,
  ) {}

  /** What comes for what was sent, as far as anything comes: up to what is held, or closes the connection. */
  expected(): unknown[] {
    const answers: unknown[] = [];
    let isBound = false;
    let malformedInARow = 0;
    for (const { kind, name, isReleased } of this.sent) {
      if (kind === 'oversize' || (kind === 'held' && !isReleased) || malformedInARow === 10) break;
      const isRequest = kind === 'granted' || kind === 'held' || kind === 'large';
      if (isRequest) isBound = true;
      const isMalformed = ['nonsense', 'binary', 'array'].includes(kind) || (kind === 'own' && !isBound);
      malformedInARow = isMalformed ? malformedInARow + 1 : 0;
      if (isMalformed) answers.push('malformed_request');
      else answers.push(kind === 'own' ? `own ${name}` : `${isRequest ? 'granted' : 'denied'} ${name}`);
    }
    return answers;
  }

  got(): unknown[] {
    return this.client.frames.map((frame: Frame) => {
      if ('own' in frame) return `own ${frame['own']}`;
      if (frame['success'] === true) return `granted ${frame.data?.['user']}`;
      return frame.data?.['code'] === 'malformed_request' ? 'malformed_request' : `denied ${frame.data?.['user']}`;
    });
  }

  get isOpen(): boolean {
    return this.client.socket.readyState === this.client.socket.OPEN;
  }

  /** Waits until everything that can come has come, or the connection is closed. */
  async settle(): Promise<void> {
    const count = this.expected().length;
    try {
      while (this.client.frames.length < count) await this.client.next();
    } catch {
      // It is closed.
    }
  }
}

async function play(steps: readonly Step[]): Promise<void> {
  const world = await TransportWorld.start({
    maxQueuedMessages: MAX_QUEUED,
    onMessage: (message, { send }) => send(message),
  });
  const idsOf = (type: string) =>
    world.events.flatMap((event) => (event.type === type && 'connectionId' in event ? event.connectionId : []));
  const opened = () => idsOf('connection.opened');
  const closed = () => idsOf('connection.closed');
  const parties: Party[] = [];
  for (let count = 0; count < CLIENTS; count++) {
    const connected = await world.connect();
    await world.until(() => opened().length > count);
    parties.push(new Party(connected, opened()[count] as string));
  }
  const holds: { sent: Sent; release: () => void }[] = [];
  let names = 0;
  const release = () => {
    for (const hold of holds.splice(0)) {
      hold.sent.isReleased = true;
      hold.release();
    }
  };

  for (const it of steps) {
    if (it.do === 'release') {
      release();
      continue;
    }
    const party = parties[it.client] as Party;
    if (!party.isOpen) continue;
    if (it.do === 'close') party.client.socket.close();
    else if (it.do === 'vanish') {
      await party.settle();
      // With more behind what is held, the server does not read, and cannot know.
      if (party.sent.length - party.client.frames.length > MAX_QUEUED + 1) continue;
      party.client.socket.terminate();
      await world.until(() => closed().includes(party.connectionId));
    } else {
      const sent = it.kinds.map((kind) => ({ kind, name: `user-${names++}`, isReleased: false }));
      for (const message of sent) {
        if (message.kind === 'held') holds.push({ sent: message, release: world.hold(message.name).release });
      }
      party.sent.push(...sent);
      party.client.send(...sent.map(({ kind, name }) => frameOf(kind, name)));
    }
  }

  release();
  for (const party of parties) {
    const wasOpen = party.isOpen;
    await party.settle();
    const [got, expected] = [party.got(), party.expected()];
    expect(got).toEqual(expected.slice(0, got.length));
    if (wasOpen && !party.sent.some(({ kind }) => kind === 'oversize')) expect(got).toEqual(expected);
    if (party.isOpen) party.client.socket.close();
    await party.client.closed;
  }
  await world.until(() => world.transport.connections === 0);
  await world.transport.close();

  const told = parties.flatMap(toldOf);
  const live = (await world.liveSessions()).map(({ session_id }) => session_id);
  // A client that breaks the protocol is cut off, so what it has read is not known; in doubt, a session is removed.
  const inDoubt = parties.filter(({ sent }) => sent.some(({ kind }) => kind === 'oversize')).flatMap(toldOf);
  expect(told).toEqual(expect.arrayContaining(live));
  expect(told.filter((id) => !live.includes(id) && !inDoubt.includes(id))).toEqual([]);
  expect(world.events.filter(({ type }) => type === 'fault.reported')).toEqual([]);
  await world.stop();
  expect(world.clock.pending).toBe(0);
}

/** The sessions that a client was told of. */
function toldOf({ client: { frames } }: Party): number[] {
  return frames.flatMap(({ data }) => (data?.['session_id'] as number | undefined) ?? []);
}

describe('P1, P2: one answer for each message, in order, and no session without one', () => {
  test('whatever clients say and whenever they go', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        await play(steps);
      }),
      { numRuns: 80, timeout: 20_000 },
    );
  }, 120_000);
});
