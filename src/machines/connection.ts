import { assign, setup } from 'xstate';
import type { SessionEndCause } from '../adapters/ports.js';
import type { FullAuthSession } from '../model/session.js';
import { CLOSURES, type Closure } from './closures.js';
import { MessageQueue } from './message-queue.js';
import type { ReceivedMessage } from './received-message.js';

/**
 * What a conversation asks of its transport. No method throws, and none sends an event before it returns.
 *
 * `message.finished` begins the next message at once, so a peer lets the event loop turn between two of them: else a
 * client whose messages need no input or output keeps everybody else waiting.
 */
export interface ConnectionPeer {
  /** Answers a request for a session. `message.finished` tells that it is done. */
  answer(message: ReceivedMessage): void;
  /** Hands one of the service's own messages to the service. `message.finished` tells that it is done. */
  handle(message: ReceivedMessage): void;
  /** Tells the client that its session has ended. */
  tellSessionEnd(sessionId: number, cause: SessionEndCause): void;
  /** Asks for a sign of life: `pong.received`. */
  ping(): void;
  /** Reads on, or stops reading until it is told to read on. */
  setReading(isReading: boolean): void;
  /** Gives up what is being answered or handled, and begins the closing handshake. */
  close(closure: Closure): void;
  /** Gives up the socket. */
  terminate(): void;
}

/** How long a conversation waits, in milliseconds, and how much it holds. */
export interface ConnectionLimits {
  /** For the first message. */
  greetingTimeout: number;
  /** Without a message, until it is closed. */
  idleTimeout: number;
  /** Without a message, until the client is asked for a sign of life. */
  pingInterval: number;
  /** For that sign of life. */
  pongTimeout: number;
  /** For the service to handle one of its own messages. */
  handlerTimeout: number;
  /** For the closing handshake. */
  closeTimeout: number;
  /** Messages that wait for their turn; beyond it, nothing is read. */
  maxQueuedMessages: number;
  /** Bytes of them; beyond it, nothing is read. */
  maxQueuedBytes: number;
  /** Malformed requests in a row, with the last of which the connection is closed. */
  maxMalformed: number;
}

/** What a conversation starts from. */
export interface ConnectionInput {
  peer: ConnectionPeer;
  limits: Readonly<ConnectionLimits>;
  /** Whether the embedding service has messages of its own. */
  hasOwnMessages: boolean;
  /** Milliseconds from an arbitrary origin. */
  monotonic: () => number;
}

/** What a conversation knows. */
export interface ConnectionContext extends Readonly<ConnectionInput> {
  /** The session that the connection is bound to, without its secret. */
  readonly session: FullAuthSession | undefined;
  /** Set while an answer is due to the client of a session that has ended. */
  readonly sessionEnd: SessionEndCause | undefined;
  /** What came and is not finished, in order; the first is being answered or handled. */
  readonly queue: MessageQueue;
  readonly malformedInARow: number;
  readonly isDraining: boolean;
  /** When it last had something to do, by `monotonic`. */
  readonly activeAt: number;
  /** Set once it is being closed. */
  readonly closure: Closure | undefined;
}

/** What can happen to a conversation. */
export type ConnectionEvent =
  | { type: 'message.received'; message: ReceivedMessage }
  /** The first message of the queue is answered or handled. A new session is the one to be bound to from now on. */
  | { type: 'message.finished'; isMalformed: boolean; session?: FullAuthSession | undefined }
  | { type: 'pong.received' }
  | { type: 'session.ended'; sessionId: number; cause: SessionEndCause }
  /** The service, the protocol or a defect ends the conversation. */
  | { type: 'connection.close'; closure: Closure }
  /** Finish what has come, take nothing new, and close. */
  | { type: 'server.draining' }
  | { type: 'socket.closed'; closure: Closure };

const connectionSetup = setup({
  types: {
    context: {} as ConnectionContext,
    input: {} as ConnectionInput,
    output: {} as Closure,
    events: {} as ConnectionEvent,
  },
  actions: {
    answer: ({ context }) => context.peer.answer(firstOf(context)),
    handle: ({ context }) => context.peer.handle(firstOf(context)),
    tellSessionEnd: ({ context }, cause: SessionEndCause) => {
      if (context.session !== undefined) context.peer.tellSessionEnd(context.session.session_id, cause);
    },
    ping: ({ context }) => context.peer.ping(),
    regulateReading: ({ context }) => context.peer.setReading(!isFull(context)),
    close: ({ context }) => context.peer.close(context.closure ?? CLOSURES.failed),
    terminate: ({ context }) => context.peer.terminate(),
    enqueue: assign({ queue: ({ context }, message: ReceivedMessage) => context.queue.with(message) }),
    recordFinish: assign({
      queue: ({ context }, _: Finish) => context.queue.withoutFirst(),
      malformedInARow: ({ context }, { isMalformed }: Finish) => (isMalformed ? context.malformedInARow + 1 : 0),
      activeAt: ({ context }, _: Finish) => context.monotonic(),
      session: ({ context }, { session }: Finish) => session ?? context.session,
      sessionEnd: ({ context }, { session }: Finish) => (session === undefined ? context.sessionEnd : undefined),
    }),
    recordSessionEnd: assign({ sessionEnd: (_, cause: SessionEndCause) => cause }),
    recordDraining: assign({ isDraining: true }),
    recordClosure: assign({ closure: (_, closure: Closure) => closure }),
  },
  guards: {
    isOpen: ({ context }) => context.closure === undefined,
    isBoundTo: ({ context }, sessionId: number) =>
      context.closure === undefined && context.session?.session_id === sessionId,
    isDraining: ({ context }) => context.isDraining,
    isSessionEnded: ({ context }) => context.sessionEnd !== undefined,
    isTalkingNonsense: ({ context }) => context.malformedInARow >= context.limits.maxMalformed,
    isOwnMessageNext: ({ context }) =>
      context.hasOwnMessages && context.session !== undefined && context.queue.first?.isOwn === true,
    isMessageNext: ({ context }) => context.queue.length > 0,
    isIdle: ({ context }) => context.monotonic() - context.activeAt >= context.limits.idleTimeout,
  },
  delays: {
    greetingTimeout: ({ context }) => context.limits.greetingTimeout,
    quietTimeout: ({ context: { limits, activeAt, monotonic } }) =>
      Math.max(0, Math.min(limits.pingInterval, activeAt + limits.idleTimeout - monotonic())),
    pongTimeout: ({ context }) => context.limits.pongTimeout,
    handlerTimeout: ({ context }) => context.limits.handlerTimeout,
    closeTimeout: ({ context }) => context.limits.closeTimeout,
  },
});

const closing = (closure: Closure) =>
  ({ target: 'closing', actions: { type: 'recordClosure', params: closure } }) as const;

const enqueue = {
  type: 'enqueue',
  params: ({ event }: { event: { message: ReceivedMessage } }) => event.message,
} as const;

/** What may still come while a message is answered or handled, and its end. */
const whileBusy = {
  'message.received': [{ guard: 'isDraining' }, { actions: [enqueue, 'regulateReading'] }],
  'message.finished': {
    target: 'taking',
    actions: [{ type: 'recordFinish', params: ({ event }: { event: Finish }) => event }, 'regulateReading'],
  },
  'server.draining': { actions: 'recordDraining' },
} as const;

/**
 * One client's conversation: its messages are answered one at a time, in the order of their coming, until either side
 * closes. It does no input or output: all of that is its peer's. Flat, with one root for each connection.
 */
export const connectionMachine = connectionSetup.createMachine({
  id: 'connection',
  description: "One client's conversation: an answer to each message, in order.",
  initial: 'greeting',
  context: ({ input }) => ({
    ...input,
    session: undefined,
    sessionEnd: undefined,
    queue: MessageQueue.EMPTY,
    malformedInARow: 0,
    isDraining: false,
    activeAt: input.monotonic(),
    closure: undefined,
  }),
  on: {
    'session.ended': {
      guard: { type: 'isBoundTo', params: ({ event }) => event.sessionId },
      target: '.closing',
      actions: [
        { type: 'tellSessionEnd', params: ({ event }) => event.cause },
        { type: 'recordClosure', params: CLOSURES.sessionEnded },
      ],
    },
    'connection.close': {
      guard: 'isOpen',
      target: '.closing',
      actions: { type: 'recordClosure', params: ({ event }) => event.closure },
    },
    'server.draining': {
      guard: 'isOpen',
      target: '.closing',
      actions: { type: 'recordClosure', params: CLOSURES.draining },
    },
    'socket.closed': {
      target: '.closed',
      actions: { type: 'recordClosure', params: ({ event }) => event.closure },
    },
  },
  states: {
    greeting: {
      description: 'Connected, and nothing has come yet.',
      on: { 'message.received': { target: 'taking', actions: enqueue } },
      after: { greetingTimeout: closing(CLOSURES.greetingTimedOut) },
    },
    taking: {
      description: 'Decides what is next: the next message, or the end.',
      always: [
        {
          guard: 'isSessionEnded',
          target: 'closing',
          actions: [
            { type: 'tellSessionEnd', params: ({ context }) => context.sessionEnd ?? 'removed' },
            { type: 'recordClosure', params: CLOSURES.sessionEnded },
          ],
        },
        { guard: 'isTalkingNonsense', ...closing(CLOSURES.malformed) },
        { guard: 'isOwnMessageNext', target: 'handling' },
        { guard: 'isMessageNext', target: 'answering' },
        { guard: 'isDraining', ...closing(CLOSURES.draining) },
        { target: 'waiting' },
      ],
    },
    answering: {
      description: 'Answers a request for a session, which takes no longer than the request deadline.',
      entry: 'answer',
      on: {
        ...whileBusy,
        // The client may be asking for a new session, and has its answer to come; a new session makes up for the old one.
        'session.ended': {
          guard: { type: 'isBoundTo', params: ({ event }) => event.sessionId },
          actions: { type: 'recordSessionEnd', params: ({ event }) => event.cause },
        },
      },
    },
    handling: {
      description: "The service handles one of its own messages. If the client's session ends, this is given up.",
      entry: 'handle',
      on: whileBusy,
      after: { handlerTimeout: closing(CLOSURES.handlerTimedOut) },
    },
    waiting: {
      description: 'Everything is answered; waits for the next message.',
      on: { 'message.received': { target: 'taking', actions: enqueue } },
      after: { quietTimeout: [{ guard: 'isIdle', ...closing(CLOSURES.idle) }, { target: 'probing' }] },
    },
    probing: {
      description: 'Nothing has come for a while, so the client is asked for a sign of life.',
      entry: 'ping',
      on: {
        'pong.received': 'waiting',
        'message.received': { target: 'taking', actions: enqueue },
      },
      after: { pongTimeout: closing(CLOSURES.silent) },
    },
    closing: {
      description: 'The closing handshake. What comes now is dropped; a client that does not close is cut off.',
      entry: 'close',
      on: { 'socket.closed': 'closed' },
      after: { closeTimeout: { actions: 'terminate' } },
    },
    closed: {
      type: 'final',
      description: 'The socket is closed.',
    },
  },
  output: ({ context }) => context.closure ?? CLOSURES.failed,
});

/** What `message.finished` tells. */
interface Finish {
  isMalformed: boolean;
  session?: FullAuthSession | undefined;
}

function firstOf({ queue }: ConnectionContext): ReceivedMessage {
  return queue.first as ReceivedMessage;
}

/** The message that is being answered does not wait, so it does not count. */
function isFull({ queue, limits }: ConnectionContext): boolean {
  if (queue.length > limits.maxQueuedMessages + 1) return true;
  return queue.length > 1 && queue.bytes > limits.maxQueuedBytes;
}
