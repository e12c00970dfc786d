import { assign, emit, fromPromise, setup } from 'xstate';
import type {
  AuthenticationOutcome,
  AuthorizationOutcome,
  AuthorizationRequest,
  Credentials,
  Identity,
  SessionCreation,
  SessionRequest,
} from '../adapters/ports.js';
import { readPath } from '../adapters/read-outcome.js';
import type { PathStep } from '../model/backend-path.js';
import { DefectError, OverloadedError, SessionInitError } from '../model/errors.js';
import type { FailureCode } from '../model/failure-reason.js';
import { normalizeIpAddress } from '../model/ip-address.js';
import { type FullAuthSession, isEstablishable } from '../model/session.js';
import {
  decodeSessionInitMessage,
  MalformedSessionInitMessage,
  type SessionInitMessage,
} from '../model/session-init-message.js';
import type { SessionInitResponse } from '../model/session-init-response.js';
import { DEFAULT_DEADLINES, type Deadlines } from './deadlines.js';
import { Escrow } from './escrow.js';
import { type Failure, respond, TERMINAL_STATES, type TerminalState } from './terminal-states.js';

/** What an init starts from. */
export interface SessionInitInput {
  /**
   * What `decodeSessionInitMessage` makes of a request. It is decoded before, since XState shows the input of a machine to
   * whoever inspects it, and a plain object would show its secret.
   */
  message: SessionInitMessage | MalformedSessionInitMessage;
  /** The client's IPv4 or IPv6 address. */
  ipAddress: string;
  /** Under this id the operator finds the cause of a failure. */
  referenceId: string;
  /** @defaultValue {@link DEFAULT_DEADLINES} */
  deadlines?: Readonly<Deadlines>;
  /** The wall clock, in milliseconds since the epoch. @defaultValue `Date.now` */
  now?: () => number;
}

/** What an init knows. Secrets are in it as `Secret`, so that a snapshot shows none. */
export interface SessionInitContext {
  readonly request: SessionInitMessage | MalformedSessionInitMessage;
  /** In canonical form; empty if what the caller gave is no address. */
  readonly ipAddress: string;
  readonly referenceId: string;
  readonly deadlines: Readonly<Deadlines>;
  readonly now: () => number;
  readonly escrow: Escrow;
  /** Set once this attempt is authenticated. */
  readonly identity: Identity | undefined;
  /** Which backends of the authenticator said what, if it is made of several. For the operator. */
  readonly path: readonly PathStep[] | undefined;
  readonly session: FullAuthSession | undefined;
  readonly failure: Failure | undefined;
  readonly response: SessionInitResponse | undefined;
}

/** Ends the init, which then answers `OTHER` with this code. */
export interface CancelRequest {
  type: 'request.cancel';
  /** @defaultValue `'cancelled'` */
  code?: 'cancelled' | 'draining';
}

/** Emitted once, when the init has ended. Its output is the same response, and can be read at any time. */
export interface ResponseReady {
  type: 'response.ready';
  state: TerminalState;
  response: SessionInitResponse;
}

/** Whether an init may begin: decided before anything is asked of a backend. */
export type AdmissionDecision =
  | { outcome: 'admitted' }
  | { outcome: 'refused'; code: FailureCode; retryAfter?: number | undefined };

/** What `admit` decides by. */
export interface AdmissionRequest {
  referenceId: string;
  username: string;
  ipAddress: string;
}

/** What `establishSession` works with. It deposits the session in the escrow before it returns it. */
export interface EstablishmentRequest extends SessionRequest {
  referenceId: string;
  escrow: Escrow;
}

const machineSetup = setup({
  types: {
    context: {} as SessionInitContext,
    input: {} as SessionInitInput,
    output: {} as SessionInitResponse,
    events: {} as CancelRequest,
    emitted: {} as ResponseReady,
  },
  actors: {
    admit: fromPromise<AdmissionDecision, AdmissionRequest>(unprovided('admit')),
    authenticate: fromPromise<AuthenticationOutcome, Credentials>(unprovided('authenticate')),
    authorize: fromPromise<AuthorizationOutcome, AuthorizationRequest>(unprovided('authorize')),
    establishSession: fromPromise<SessionCreation | undefined, EstablishmentRequest>(unprovided('establishSession')),
  },
  actions: {
    recordIdentity: assign(({ event }) => ({ identity: identityOf(outputOf(event)), path: outputOf(event).path })),
    recordSession: assign({ session: ({ event }) => outputOf(event).session }),
    recordDenial: assign(({ context, event }) => ({
      failure: { cause: outputOf(event).cause },
      path: outputOf(event).path ?? context.path,
    })),
    recordRefusal: assign({
      failure: ({ event }) => ({ code: outputOf(event).code, retryAfter: outputOf(event).retryAfter }),
    }),
    recordFault: assign(({ context, event }, code: FailureCode | undefined) => ({
      failure: faultOf(errorOf(event), code),
      path: pathOf(errorOf(event)) ?? context.path,
    })),
    recordFailure: assign({ failure: (_, failure: Failure) => failure }),
    claimSession: ({ context }) => context.escrow.claim(),
    releaseSession: ({ context }) => context.escrow.release(),
    answer: assign({
      response: ({ context: { request, referenceId, now, session, failure } }, state: TerminalState) =>
        respond(state, { user: request.username, referenceId, now, session, failure }),
    }),
    announce: emit(({ context }, state: TerminalState) => ({
      type: 'response.ready' as const,
      state,
      response: context.response as SessionInitResponse,
    })),
  },
  guards: {
    isMalformed: ({ context }) => context.request instanceof MalformedSessionInitMessage,
    hasNoAddress: ({ context }) => context.ipAddress === '',
    isAdmitted: ({ event }) => outputOf(event).outcome === 'admitted',
    isRefused: ({ event }) => outputOf(event).outcome === 'refused',
    isAuthenticated: ({ event }) =>
      outputOf(event).outcome === 'authenticated' && typeof outputOf(event).user === 'string',
    isAuthorized: ({ event }) => outputOf(event).outcome === 'authorized',
    isDenied: ({ event }) => outputOf(event).outcome === 'denied',
    isCreated: ({ context, event }) =>
      outputOf(event).outcome === 'created' &&
      isEstablishable(outputOf(event).session) &&
      outputOf(event).session?.user === context.identity?.user,
    isLimitReached: ({ event }) => outputOf(event).outcome === 'limitReached',
    isOverload: ({ event }) => errorOf(event) instanceof OverloadedError,
    isDefect: ({ event }) => errorOf(event) instanceof DefectError,
  },
  delays: {
    requestTimeout: ({ context }) => context.deadlines.request,
    admissionTimeout: ({ context }) => context.deadlines.admission,
    authenticationTimeout: ({ context }) => context.deadlines.authentication,
    authorizationTimeout: ({ context }) => context.deadlines.authorization,
    sessionTimeout: ({ context }) => context.deadlines.session,
  },
});

/** A final state, made from its row in the table. What was created is claimed by success, and undone by all others. */
const ending = (state: TerminalState) =>
  machineSetup.createStateConfig({
    type: 'final',
    description: TERMINAL_STATES[state].description,
    entry: [
      state === 'authorized' ? 'claimSession' : 'releaseSession',
      { type: 'answer', params: state },
      { type: 'announce', params: state },
    ],
  });

/** Where a rejection leads. An overload is refused with a retry hint, a defect is one; the rest is a fault of the backend. */
const faults = <Target extends TerminalState>(target: Target, code?: FailureCode) =>
  [
    { guard: 'isOverload', target: 'refused', actions: { type: 'recordFault', params: 'overloaded' } },
    { guard: 'isDefect', target: 'failedUnexpectedly', actions: { type: 'recordFault', params: 'unknown' } },
    { target, actions: { type: 'recordFault', params: code } },
  ] as const;

/**
 * One init: from a request for a session to exactly one response. Flat, every invoke under a deadline, one final state
 * for each way to end. The backends are the actors that `provide()` puts in: see `sessionInitActors`.
 */
export const sessionInitMachine = machineSetup.createMachine({
  id: 'sessionInit',
  description: 'From a request for a session to exactly one SessionInitResponse.',
  initial: 'receiving',
  context: ({ input }) => ({
    request: decodeSessionInitMessage(input.message),
    ipAddress: normalizeIpAddress(String(input.ipAddress)) ?? '',
    referenceId: input.referenceId,
    deadlines: input.deadlines ?? DEFAULT_DEADLINES,
    now: input.now ?? Date.now,
    escrow: new Escrow(),
    identity: undefined,
    path: undefined,
    session: undefined,
    failure: undefined,
    response: undefined,
  }),
  on: {
    'request.cancel': {
      target: '.refused',
      actions: { type: 'recordFailure', params: ({ event }) => ({ code: event.code ?? 'cancelled' }) },
    },
  },
  after: { requestTimeout: '.requestTimedOut' },
  states: {
    receiving: {
      description: 'The request is looked at, before any work is done for it.',
      always: [
        {
          guard: 'isMalformed',
          target: 'refused',
          actions: { type: 'recordFailure', params: ({ context }) => malformed(context.request) },
        },
        {
          guard: 'hasNoAddress',
          target: 'failedUnexpectedly',
          actions: { type: 'recordFailure', params: { cause: new DefectError('init() got no valid ipAddress.') } },
        },
        { target: 'admitting' },
      ],
    },
    admitting: {
      description: 'Waits for its turn. Who guesses too often, or comes when there is too much to do, is refused.',
      invoke: {
        id: 'admit',
        src: 'admit',
        input: ({ context: { referenceId, request, ipAddress } }) => ({
          referenceId,
          username: request.username,
          ipAddress,
        }),
        onDone: [
          { guard: 'isAdmitted', target: 'authenticating' },
          { guard: 'isRefused', target: 'refused', actions: 'recordRefusal' },
          { target: 'refused', actions: { type: 'recordFailure', params: { code: 'throttle_failed' } } },
        ],
        onError: faults('refused', 'throttle_failed'),
      },
      after: {
        admissionTimeout: {
          target: 'refused',
          actions: { type: 'recordFailure', params: { code: 'overloaded', retryAfter: 1 } },
        },
      },
    },
    authenticating: {
      description: 'The authenticator decides whether the asserted user is who they say.',
      invoke: {
        id: 'authenticate',
        src: 'authenticate',
        input: ({ context: { request, ipAddress } }) => ({
          username: request.username,
          secret: (request as SessionInitMessage).user_secret,
          oneTimeCode: (request as SessionInitMessage).one_time_code,
          ipAddress,
        }),
        onDone: [
          { guard: 'isAuthenticated', target: 'authorizing', actions: 'recordIdentity' },
          { guard: 'isDenied', target: 'authenticationDenied', actions: 'recordDenial' },
          { target: 'authenticationSystemFailed' },
        ],
        onError: faults('authenticationSystemFailed'),
      },
      after: { authenticationTimeout: 'authAttemptTimedOut' },
    },
    authorizing: {
      description: 'The authorizer decides whether this user may have a session.',
      invoke: {
        id: 'authorize',
        src: 'authorize',
        input: ({ context: { identity, ipAddress } }) => {
          const { user, groups, claims } = identity as Identity;
          return { user, groups, claims, ipAddress };
        },
        onDone: [
          { guard: 'isAuthorized', target: 'establishing' },
          { guard: 'isDenied', target: 'notAuthorized', actions: 'recordDenial' },
          { target: 'refused', actions: { type: 'recordFailure', params: { code: 'authorizer_failed' } } },
        ],
        onError: faults('refused', 'authorizer_failed'),
      },
      after: { authorizationTimeout: 'authAttemptTimedOut' },
    },
    establishing: {
      description: 'The session manager creates the session. If nobody waits for it any more, it is removed again.',
      invoke: {
        id: 'establishSession',
        src: 'establishSession',
        input: ({ context: { identity, ipAddress, referenceId, escrow } }) => ({
          user: (identity as Identity).user,
          ipAddress,
          referenceId,
          escrow,
        }),
        onDone: [
          { guard: 'isCreated', target: 'authorized', actions: 'recordSession' },
          {
            guard: 'isLimitReached',
            target: 'refused',
            actions: { type: 'recordFailure', params: { code: 'session_limit' } },
          },
          { target: 'sessionDetailsMissing' },
        ],
        onError: faults('sessionManagerFailed'),
      },
      after: { sessionTimeout: 'sessionManagerFailed' },
    },
    authorized: ending('authorized'),
    authenticationDenied: ending('authenticationDenied'),
    notAuthorized: ending('notAuthorized'),
    authenticationSystemFailed: ending('authenticationSystemFailed'),
    authAttemptTimedOut: ending('authAttemptTimedOut'),
    requestTimedOut: ending('requestTimedOut'),
    sessionDetailsMissing: ending('sessionDetailsMissing'),
    sessionManagerFailed: ending('sessionManagerFailed'),
    refused: ending('refused'),
    failedUnexpectedly: ending('failedUnexpectedly'),
  },
  output: ({ context }) => context.response as SessionInitResponse,
});

/** The machine's type, which `provide()` keeps. */
export type SessionInitMachine = typeof sessionInitMachine;

/** What `provide()` must put in. Without it nobody is let in, and the response says `UNKNOWN`. */
function unprovided(actor: string): () => Promise<never> {
  return async () => {
    throw new DefectError(`The machine has no actor '${actor}': sessionInitMachine.provide({ actors: { ${actor} } }).`);
  };
}

/** What an invoked actor returned. It may be anything: nothing has checked it but the guard that asks. */
interface Output {
  outcome?: unknown;
  user?: string;
  groups?: readonly string[];
  claims?: Readonly<Record<string, unknown>>;
  path?: readonly PathStep[];
  session?: FullAuthSession;
  cause?: unknown;
  code?: FailureCode;
  retryAfter?: number;
}

function outputOf(event: object): Output {
  return ('output' in event && (event.output as Output | null | undefined)) || {};
}

function errorOf(event: object): unknown {
  return 'error' in event ? event.error : undefined;
}

function identityOf({ user = '', groups, claims }: Output): Identity {
  return { user, groups, claims };
}

function faultOf(cause: unknown, code: FailureCode | undefined): Failure {
  return { code, cause, retryAfter: cause instanceof OverloadedError ? cause.retryAfter : undefined };
}

function pathOf(cause: unknown): readonly PathStep[] | undefined {
  return cause instanceof SessionInitError ? readPath(cause.path) : undefined;
}

function malformed(request: SessionInitMessage | MalformedSessionInitMessage): Failure {
  return { code: 'malformed_request', details: (request as MalformedSessionInitMessage).problem };
}
