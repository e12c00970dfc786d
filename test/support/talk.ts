import fc from 'fast-check';
import { createActor, type InspectionEvent } from 'xstate';
import { CLOSURES, type Closure } from '../../src/machines/closures.js';
import {
  type ConnectionEvent,
  type ConnectionLimits,
  type ConnectionPeer,
  connectionMachine,
} from '../../src/machines/connection.js';
import { ReceivedMessage } from '../../src/machines/received-message.js';
import { FullAuthSession } from '../../src/model/session.js';
import { simulatedClock } from '../../src/testing/simulated-clock.js';

export const LIMITS: ConnectionLimits = {
  greetingTimeout: 30_000,
  idleTimeout: 100_000,
  pingInterval: 30_000,
  pongTimeout: 10_000,
  handlerTimeout: 20_000,
  closeTimeout: 5_000,
  maxQueuedMessages: 3,
  maxQueuedBytes: 1_000,
  maxMalformed: 10,
};

export const message = (text: string) => new ReceivedMessage(Buffer.from(text));
export const init = (name = 'ada') => message(JSON.stringify({ username: name, user_secret: 'marked-user-secret-2' }));
export const own = (name = 'hello') => message(JSON.stringify({ do: name }));
export const sessionOf = (id: number) => new FullAuthSession({ session_id: id, ip_address: '192.0.2.1', user: 'ada' });
export const gone: Closure = { code: 1006, reason: '' };

/** A peer that notes in `asked` what it is asked to do. */
export function notingPeer(asked: string[], setReading: (isReading: boolean) => void = () => {}): ConnectionPeer {
  const textOf = (it: ReceivedMessage) => (it.isOwn ? it.toOwn()['do'] : it.toInit().username) || 'malformed';
  return {
    answer: (it) => asked.push(`answer ${textOf(it)}`),
    handle: (it) => asked.push(`handle ${textOf(it)}`),
    tellSessionEnd: (id, cause) => asked.push(`tell ${id} ${cause}`),
    ping: () => asked.push('ping'),
    setReading,
    close: ({ code }) => asked.push(`close ${code}`),
    terminate: () => asked.push('terminate'),
  };
}

/** A conversation whose peer notes what it is asked to do. */
export class Talk {
  readonly clock = simulatedClock();
  readonly asked: string[] = [];
  readonly inspected: InspectionEvent[] = [];
  readonly errors: unknown[] = [];
  readonly actor;
  isReading = true;

  constructor({ hasOwnMessages = true, limits = LIMITS } = {}) {
    const peer = notingPeer(this.asked, (isReading) => {
      this.isReading = isReading;
    });
    this.actor = createActor(connectionMachine, {
      clock: this.clock,
      input: { peer, limits, hasOwnMessages, monotonic: this.clock.monotonic },
      inspect: (event) => this.inspected.push(event),
    });
    this.actor.subscribe({ error: (error) => this.errors.push(error) });
    this.actor.start();
  }

  get state() {
    return this.actor.getSnapshot().value;
  }

  send(...events: ConnectionEvent[]): this {
    for (const event of events) this.actor.send(event);
    return this;
  }

  receive(...messages: ReceivedMessage[]): this {
    return this.send(...messages.map((it) => ({ type: 'message.received', message: it }) as const));
  }

  finish(session?: FullAuthSession): this {
    return this.send({ type: 'message.finished', isMalformed: false, session });
  }

  /** A conversation in which everything is answered, and which is bound to session 1. */
  bind(): this {
    this.receive(init()).finish(sessionOf(1));
    this.asked.length = 0;
    return this;
  }

  end(sessionId = 1): this {
    return this.send({ type: 'session.ended', sessionId, cause: 'removed' });
  }
}

/** What can happen to a conversation, the passing of time included. */
export const happening: fc.Arbitrary<ConnectionEvent | { type: 'wait'; milliseconds: number }> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .constantFrom(init(), own(), message('x'))
      .map((it) => ({ type: 'message.received' as const, message: it })),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('message.finished' as const),
      isMalformed: fc.boolean(),
      session: fc.option(fc.integer({ min: 1, max: 3 }).map(sessionOf), { nil: undefined }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc
      .integer({ min: 1, max: 3 })
      .map((sessionId) => ({ type: 'session.ended' as const, sessionId, cause: 'evicted' as const })),
  },
  { weight: 2, arbitrary: fc.constant({ type: 'pong.received' as const }) },
  { weight: 1, arbitrary: fc.constant({ type: 'server.draining' as const }) },
  { weight: 1, arbitrary: fc.constant({ type: 'connection.close' as const, closure: CLOSURES.stalled }) },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom(1, 5_000, 10_000, 30_000, 100_000)
      .map((milliseconds) => ({ type: 'wait' as const, milliseconds })),
  },
);
