import { assign, fromPromise, setup, stateIn } from 'xstate';
import { DefectError } from '../model/errors.js';
import {
  decodeSessionInitMessage,
  MalformedSessionInitMessage,
  type SessionInitMessage,
} from '../model/session-init-message.js';
import type { SessionInitResponse } from '../model/session-init-response.js';
import type { Answer } from './client-answer.js';
import { Escrow } from './escrow.js';
import { type Failure, respond, type TerminalState } from './terminal-states.js';

/** How long a client waits for its answer, connecting included, in milliseconds. */
export const DEFAULT_CLIENT_DEADLINE = 10_000;

/** The connection that an init is asked for on. The machine only hands it to its actors. */
export interface ClientConnection {
  /** Resolves when the connection is open, and rejects if it cannot be opened. */
  whenOpen(): Promise<void>;
  /** Sends a request, and resolves with its answer. Rejects if none can come any more. */
  exchange(request: string): Promise<Answer>;
  /** Told that nobody holds the session of this answer: it came too late, or it cannot be used. */
  disown(answer: Answer): void;
}

/** What the requestor's side of an init starts from. */
export interface ClientInput {
  /** A `SessionInitMessage`, or any JSON value: what is no message is refused as malformed, and not sent. */
  message: unknown;
  connection: ClientConnection;
  /** Under this id the client's own failures are found. */
  referenceId: string;
  /** Milliseconds, connecting included. @defaultValue {@link DEFAULT_CLIENT_DEADLINE} */
  deadline?: number;
  /** The wall clock, in milliseconds since the epoch. @defaultValue `Date.now` */
  now?: () => number;
}

/** What the requestor's side knows. Secrets are in it as `Secret`, so that a snapshot shows none. */
export interface ClientContext {
  readonly request: SessionInitMessage | MalformedSessionInitMessage;
  readonly connection: ClientConnection;
  readonly referenceId: string;
  readonly deadline: number;
  readonly now: () => number;
  /** Holds the session from its arrival until the caller has it, or never will. */
  readonly escrow: Escrow;
  readonly answer: Answer | undefined;
  readonly failure: Failure | undefined;
  readonly response: SessionInitResponse | undefined;
}

/** The caller has gone: ends the init, which then answers `OTHER` with code `cancelled`. */
export interface ClientCancelRequest {
  type: 'request.cancel';
}

/** What `exchange` sends, and over what. */
export interface ExchangeRequest {
  connection: ClientConnection;
  request: SessionInitMessage;
  /** Gets what to do about a session that comes too late, or that nobody can use. */
  escrow: Escrow;
}

const NO_CONNECTION = 'There was no connection to the server.';
const CONNECTION_LOST = 'The connection was closed before the answer came.';
const NO_ANSWER = 'The server did not answer within the deadline.';

const machineSetup = setup({
  types: {
    input: {} as ClientInput,
    context: {} as ClientContext,
    events: {} as ClientCancelRequest,
    output: {} as SessionInitResponse,
  },
  actors: {
    connect: fromPromise<void, ClientConnection>(unprovided('connect')),
    exchange: fromPromise<Answer, ExchangeRequest>(unprovided('exchange')),
  },
  actions: {
    recordAnswer: assign({ answer: (_, answer: Answer) => answer }),
    recordFailure: assign({ failure: (_, failure: Failure) => failure }),
    recordDetails: assign({ failure: ({ context }) => ({ details: detailsOf(context.answer) }) }),
    recordGarbage: assign({
      failure: ({ context }) => ({ code: 'malformed_response' as const, details: detailsOf(context.answer) }),
    }),
    claimSession: ({ context }) => context.escrow.claim(),
    releaseSession: ({ context }) => context.escrow.release(),
    passOn: assign({ response: ({ context }) => responseOf(context.answer) }),
    answer: assign({
      response: ({ context }, state: TerminalState) =>
        respond(state, { ...context, user: context.request.username, session: undefined }),
    }),
  },
  guards: {
    isMalformed: ({ context }) => context.request instanceof MalformedSessionInitMessage,
    isConnecting: stateIn('connecting'),
    isEstablished: ({ context }) => context.answer?.outcome === 'established',
    isFailure: ({ context }) => context.answer?.outcome === 'failed',
    isUnusable: ({ context }) => context.answer?.outcome === 'unusable',
    isGarbage: ({ context }) => context.answer?.outcome === 'malformed',
    isDefect: ({ event }) => 'error' in event && event.error instanceof DefectError,
  },
  delays: { requestTimeout: ({ context }) => context.deadline },
});

/** A final state in which the client itself answers, by the table of terminal states. */
const ending = (state: TerminalState, description: string) =>
  machineSetup.createStateConfig({
    type: 'final',
    description,
    entry: ['releaseSession', { type: 'answer', params: state }],
  });

/** Where a rejection leads: who cannot ask, or is cut off before the answer, gets none in time. */
const faults = (details: string) =>
  [
    {
      guard: 'isDefect',
      target: 'failedUnexpectedly',
      actions: {
        type: 'recordFailure',
        params: ({ event }: { event: { error: unknown } }) => ({ cause: event.error }),
      },
    },
    {
      target: 'requestTimedOut',
      actions: {
        type: 'recordFailure',
        params: ({ event }: { event: { error: unknown } }) => ({ details, cause: event.error }),
      },
    },
  ] as const;

/**
 * The requestor's side of one init: from a request to exactly one response, whatever the server and the network do. A
 * server's failure is passed on as it came; what the client finds itself is answered by the table of terminal states.
 */
export const clientMachine = machineSetup.createMachine({
  id: 'client',
  description: "The requestor's side of one init: asks a server for a session, and has one SessionInitResponse.",
  initial: 'checking',
  context: ({ input }) => ({
    request: decodeSessionInitMessage(input.message),
    connection: input.connection,
    referenceId: input.referenceId,
    deadline: input.deadline ?? DEFAULT_CLIENT_DEADLINE,
    now: input.now ?? Date.now,
    escrow: new Escrow(),
    answer: undefined,
    failure: undefined,
    response: undefined,
  }),
  on: { 'request.cancel': '.refused' },
  after: {
    requestTimeout: [
      {
        guard: 'isConnecting',
        target: '.requestTimedOut',
        actions: { type: 'recordFailure', params: { details: NO_CONNECTION } },
      },
      { target: '.requestTimedOut', actions: { type: 'recordFailure', params: { details: NO_ANSWER } } },
    ],
  },
  states: {
    checking: {
      description: 'The request is looked at, before anything is sent.',
      always: [
        {
          guard: 'isMalformed',
          target: 'refused',
          actions: { type: 'recordFailure', params: ({ context }) => malformed(context.request) },
        },
        { target: 'connecting' },
      ],
    },
    connecting: {
      description: 'Waits until the connection is open. If it cannot be opened, there is no answer to wait for.',
      invoke: {
        id: 'connect',
        src: 'connect',
        input: ({ context }) => context.connection,
        onDone: { target: 'awaitingAnswer' },
        onError: faults(NO_CONNECTION),
      },
    },
    awaitingAnswer: {
      description: 'The request is sent, and its answer has not come. Answers come in the order of the requests.',
      invoke: {
        id: 'exchange',
        src: 'exchange',
        input: ({ context: { connection, request, escrow } }) => ({
          connection,
          request: request as SessionInitMessage,
          escrow,
        }),
        onDone: {
          target: 'judging',
          actions: { type: 'recordAnswer', params: ({ event }) => event.output },
        },
        onError: faults(CONNECTION_LOST),
      },
    },
    judging: {
      description: 'Something came in answer: a session, a failure, or neither.',
      always: [
        { guard: 'isEstablished', target: 'authorized' },
        { guard: 'isFailure', target: 'declined' },
        { guard: 'isUnusable', target: 'sessionDetailsMissing', actions: 'recordDetails' },
        { guard: 'isGarbage', target: 'refused', actions: 'recordGarbage' },
        { target: 'failedUnexpectedly' },
      ],
    },
    authorized: {
      type: 'final',
      description: 'The session is there, with its secret.',
      entry: ['claimSession', 'passOn'],
    },
    declined: {
      type: 'final',
      description: 'The server said that there is no session, and why: it is passed on as it came.',
      entry: ['releaseSession', 'passOn'],
    },
    requestTimedOut: ending('requestTimedOut', 'No answer came in time, or there was no connection to get one on.'),
    sessionDetailsMissing: ending(
      'sessionDetailsMissing',
      'The server said success, without session details that a client could use.',
    ),
    refused: ending('refused', 'The caller has gone, the request is malformed, or what came is no response.'),
    failedUnexpectedly: ending('failedUnexpectedly', 'A defect: anything that no other state explains.'),
  },
  output: ({ context }) => context.response as SessionInitResponse,
});

/** The machine's type, which `provide()` keeps. */
export type ClientMachine = typeof clientMachine;

/** What `provide()` must put in. Without it the response says `UNKNOWN`. */
function unprovided(actor: string): () => Promise<never> {
  return async () => {
    throw new DefectError(`The machine has no actor '${actor}': clientMachine.provide({ actors: { ${actor} } }).`);
  };
}

function malformed(request: SessionInitMessage | MalformedSessionInitMessage): Failure {
  return { code: 'malformed_request', details: (request as MalformedSessionInitMessage).problem };
}

function detailsOf(answer: Answer | undefined): string | undefined {
  return (answer as { details?: string } | undefined)?.details;
}

function responseOf(answer: Answer | undefined): SessionInitResponse | undefined {
  return (answer as { response?: SessionInitResponse } | undefined)?.response;
}
