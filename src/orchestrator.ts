import type { InspectionEvent } from 'xstate';
import type { GuessVerdict } from './adapters/guess-store.js';
import type { SessionPage } from './adapters/ports.js';
import { type Deadlines, resolveDeadlines, shortenDeadlines } from './machines/deadlines.js';
import {
  type RunningInit,
  type SessionInitEngine,
  type SessionInitResult,
  type Step,
  sessionInitRunner,
} from './machines/run-session-init.js';
import { type SessionInitMachine, sessionInitMachine } from './machines/session-init.js';
import { type Backends, sessionInitActors } from './machines/session-init-actors.js';
import { showsGuess } from './model/backend-path.js';
import { type Clock, systemClock } from './model/clock.js';
import { abortableOf } from './model/lazy-signal.js';
import { newId } from './model/new-id.js';
import type { Secret } from './model/secret.js';
import type { FullAuthSession } from './model/session.js';
import {
  decodeSessionInitMessage,
  MalformedSessionInitMessage,
  type SessionInitMessage,
} from './model/session-init-message.js';
import type { SessionInitResponse } from './model/session-init-response.js';
import { withDeadline } from './model/with-deadline.js';
import { Admission, type AdmissionOptions } from './orchestration/admission.js';
import { Background } from './orchestration/background.js';
import { checkOptions } from './orchestration/check-options.js';
import { EventHub, type OrchestratorEvents } from './orchestration/events.js';
import { guarded } from './orchestration/guarded.js';
import { type InitRecord, recordInit } from './orchestration/init-record.js';
import { initRecorder } from './orchestration/init-recording.js';
import { type InitInspector, Inspectors } from './orchestration/inspectors.js';
import { Sessions } from './orchestration/sessions.js';
import { Throttle, type ThrottleOptions } from './orchestration/throttle.js';
import { UnderWay } from './orchestration/under-way.js';

/** Options of {@link createSessionOrchestrator}. */
export interface SessionOrchestratorOptions extends Backends, AdmissionOptions {
  /** How long an init and each of its phases may take. @defaultValue 10 s for the whole, 5 s for each phase */
  deadlines?: Partial<Deadlines>;
  /** Limits of failed attempts; `false` asks for none. @defaultValue see {@link ThrottleOptions} */
  throttle?: ThrottleOptions | false;
  /** Milliseconds between two removals of expired sessions. @defaultValue 30_000 */
  sweepInterval?: number;
  /** Gets the response of every init, together with its record. For more, see {@link SessionOrchestrator.on}. */
  onResponse?: (response: SessionInitResponse, record: InitRecord) => void;
  /** What runs the machine: both do the same, see {@link SessionInitEngine}. @defaultValue `'compiled'`, unless inspected */
  engine?: SessionInitEngine;
  /** Gets XState's inspection events of every init. */
  inspect?: (event: InspectionEvent) => void;
  /** The machine to run, extended by `provide()`. Its actors are filled in by the orchestrator. */
  machine?: SessionInitMachine;
  /** @defaultValue {@link systemClock} */
  clock?: Clock;
}

/** What {@link SessionOrchestrator.init} is told beside the message. */
export interface InitOptions {
  /** The client's IPv4 or IPv6 address. */
  ipAddress: string;
  /** Aborting it ends the init: the caller has gone. */
  signal?: AbortSignal | undefined;
  /** Shortens the orchestrator's deadlines for this init; longer ones have no effect. */
  deadlines?: Partial<Deadlines> | undefined;
}

/** An init that is under way. */
export interface InitUnderWay {
  referenceId: string;
  /** The user name as it was asserted; empty if there was none. It comes from outside: escape it where it is shown. */
  username: string;
  ipAddress: string;
  /** When it began, in milliseconds since the epoch. */
  startedAt: number;
  /** The states that it has come through so far, the present one last, each in milliseconds from its start. */
  steps: readonly Step[];
}

/** What a drain came to. */
export interface DrainReport {
  /** Inits that were under way and ended by themselves. */
  finished: number;
  /** Inits that had to be ended, with `OTHER` and code `draining`. */
  cancelled: number;
}

/** What a service embeds: every init gets one response, every session is found, refreshed and ended through it. */
export interface SessionOrchestrator {
  /** The machine that its inits run, without the actors that the orchestrator fills in. */
  readonly machine: SessionInitMachine;
  /**
   * Answers a request for a session. `message` is a `SessionInitMessage` or any JSON value.
   *
   * @returns exactly one response, no later than the request deadline. It never rejects.
   */
  init(message: unknown, options: InitOptions): Promise<SessionInitResponse>;
  /** The live session that this secret opens. @throws if the session manager fails */
  findBySecret(secret: Secret | string): Promise<FullAuthSession | undefined>;
  /** @throws if the session manager fails */
  findById(sessionId: number): Promise<FullAuthSession | undefined>;
  /** The live sessions of a user, or of all users if `user` is undefined. @throws if the session manager fails */
  listByUser(user: string | undefined, page?: SessionPage): Promise<readonly FullAuthSession[]>;
  /** Marks a session as used now. @returns undefined if it has ended @throws if the session manager fails */
  refresh(sessionId: number): Promise<FullAuthSession | undefined>;
  /** Ends a session. @returns whether there was one @throws if the session manager fails */
  remove(sessionId: number): Promise<boolean>;
  /** Ends all sessions of a user, or of all users. @returns how many @throws if the session manager fails */
  removeByUser(user: string | undefined): Promise<number>;
  /** Subscribes to an event. @returns a function that ends the subscription */
  on<Type extends keyof OrchestratorEvents>(
    type: Type,
    listener: (event: OrchestratorEvents[Type]) => void,
  ): () => void;
  /** The inits that are under way, in the order in which they began. It costs nothing until it is asked for. */
  underWay(): readonly InitUnderWay[];
  /**
   * Looks into the inits that begin from now on, or into a sample of them. It costs nothing for those that are not in it.
   *
   * @returns a function that ends it
   */
  inspect(inspector: InitInspector): () => void;
  /**
   * Refuses new inits, lets those under way finish for at most `deadline` milliseconds, ends the rest, waits for
   * removals that are still due, and closes the adapters. Calling it again returns the same promise.
   *
   * @param deadline - milliseconds; by default the request deadline
   */
  drain(deadline?: number): Promise<DrainReport>;
  /** A drain that waits for nobody. */
  close(): Promise<void>;
}

/**
 * Creates the orchestrator: it runs one machine for each init, bounds what is under way, throttles guessing, removes what
 * has expired, and shuts down in order.
 *
 * @example
 * ```ts
 * import {
 *   allowAllAuthorizer, createSessionOrchestrator, encodeSessionInitResponse, memorySessionManager, staticAuthenticator,
 * } from 'session-init';
 *
 * const orchestrator = createSessionOrchestrator({
 *   authenticator: staticAuthenticator({ users: { demo: 'only-for-development' } }),
 *   authorizer: allowAllAuthorizer(),
 *   sessionManager: memorySessionManager(),
 * });
 * const message = { username: 'demo', user_secret: 'only-for-development' };
 * const response = await orchestrator.init(message, { ipAddress: '127.0.0.1' });
 * const answer = encodeSessionInitResponse(response); // what goes to the client, the session's secret included
 * ```
 *
 * @throws ConfigurationError if an option cannot work
 */
export function createSessionOrchestrator(options: SessionOrchestratorOptions): SessionOrchestrator {
  checkOptions(options);
  const { clock = systemClock, sessionManager } = options;
  const deadlines = resolveDeadlines(options.deadlines);
  const events = new EventHub();
  const reportFault = (source: string) => (cause: unknown) => events.emit('fault.reported', { source, cause });
  const surroundings = { clock, longestInit: deadlines.request };
  const throttle = options.throttle === false ? undefined : new Throttle(options.throttle ?? {}, surroundings);
  const admission = new Admission(options, throttle, reportFault('throttle'));
  const underWay = new UnderWay<Omit<InitUnderWay, 'steps'> & { run: RunningInit }>();
  const inspectors = new Inspectors(reportFault('inspect'));
  const background = new Background();
  const sessions = new Sessions(sessionManager, clock, deadlines.session, options.sweepInterval ?? 30_000, events);

  const machine = options.machine ?? sessionInitMachine;
  const actors = sessionInitActors({
    ...options,
    clock,
    canBeStopped: false,
    admit: (request, callOptions) => admission.admit(request, callOptions),
    onOrphan: (report) => {
      events.emit('session.orphaned', report);
      if (report.outcome === 'removed') sessions.ended(report.sessionId, 'removed');
    },
    background,
    onEvicted: (sessionId) => sessions.ended(sessionId, 'evicted'),
  });
  const runner = sessionInitRunner(machine, {
    clock,
    actors,
    engine: options.engine,
    inspect: options.inspect && guarded(options.inspect, reportFault('inspect')),
    onFallback: (feature) => queueMicrotask(() => reportFault('engine')(fallback(feature))),
  });
  const recordingOf = initRecorder(machine);
  const onResponse = options.onResponse && guarded(options.onResponse, reportFault('onResponse'));
  async function init(message: unknown, initOptions?: Partial<InitOptions>): Promise<SessionInitResponse> {
    const { ipAddress = '', deadlines: shorter } = initOptions ?? {};
    const signal: unknown = initOptions?.signal;
    const caller = signal instanceof AbortSignal ? abortableOf({ signal }) : undefined;
    const referenceId = newId();
    const startedAt = clock.now();
    const request = decode(message);
    const limits = shortenDeadlines(deadlines, shorter);
    const looking = inspectors.of(referenceId);
    const input = { message: request, ipAddress, referenceId, deadlines: limits, now: clock.now };
    const run = runner.start(input, looking?.inspect);
    const entry = underWay.begin({ referenceId, username: request.username, ipAddress, startedAt, run });
    const abort = () => run.cancel('cancelled');
    if (caller?.isAborted) abort();
    else caller?.onAbort(abort);

    const result = await run.finished;
    caller?.offAbort(abort);
    underWay.end(entry);
    admission.leave(referenceId, verdictOn(result));
    const origin = { referenceId, ipAddress, startedAt };
    const record = recordInit(origin, result);
    events.emit('init.completed', record);
    const recording = () => recordingOf({ ...origin, deadlines: limits, endedAt: clock.now() }, result);
    looking?.record(recording);
    events.emitIfHeard('init.recorded', recording);
    onResponse?.(result.response, record);
    return result.response;
  }

  async function shutDown(deadline: number): Promise<DrainReport> {
    admission.drain();
    sessions.stop();
    const begun = underWay.list();
    const all = Promise.all(begun.map(({ item }) => item.run.finished));
    await atMost(deadline, all);
    const cancelled = begun.filter((entry) => entry.isUnderWay);
    for (const { item } of cancelled) item.run.cancel('draining');
    await all;
    await atMost(Math.max(deadline, deadlines.session), Promise.all([background.whenIdle(), throttle?.whenSettled()]));
    const adapters = new Set([options.authenticator, options.authorizer, sessionManager, throttle?.store]);
    await Promise.all([...adapters].map((adapter) => adapter && closeAdapter(adapter)));
    return { finished: begun.length - cancelled.length, cancelled: cancelled.length };
  }

  /** Waits until `work` is done, and no longer than so many milliseconds. */
  async function atMost(milliseconds: number, work: Promise<unknown>): Promise<void> {
    await withDeadline(clock, milliseconds, 'drain', () => work).catch(() => {});
  }

  async function closeAdapter(adapter: { name: string; close?: () => Promise<void> }): Promise<void> {
    const call = `${adapter.name}.close`;
    await withDeadline(clock, deadlines.session, call, async () => adapter.close?.()).catch(reportFault(call));
  }

  let drained: Promise<DrainReport> | undefined;
  const drain = (deadline: number = deadlines.request) => {
    drained ??= shutDown(deadline);
    return drained;
  };

  return {
    machine,
    init,
    findBySecret: (secret) => sessions.findBySecret(secret),
    findById: (sessionId) => sessions.findById(sessionId),
    listByUser: (user, page) => sessions.listByUser(user, page),
    refresh: (sessionId) => sessions.refresh(sessionId),
    remove: (sessionId) => sessions.remove(sessionId),
    removeByUser: (user) => sessions.removeByUser(user),
    on: (type, listener) => events.on(type, listener),
    underWay: () => underWay.list().map(({ item: { run, ...origin } }) => ({ ...origin, steps: run.steps })),
    inspect: (inspector) => inspectors.add(inspector),
    drain,
    close: async () => {
      await drain(0);
    },
  };
}

/** A message that cannot even be looked at (a proxy, say) is as malformed as any other. */
function decode(message: unknown): SessionInitMessage | MalformedSessionInitMessage {
  try {
    return decodeSessionInitMessage(message);
  } catch {
    return new MalformedSessionInitMessage('', 'The request cannot be read.');
  }
}

function verdictOn({ state, context }: SessionInitResult): GuessVerdict {
  if (context?.identity !== undefined) return 'succeeded';
  if (state === 'authenticationDenied') return 'denied';
  return context?.path !== undefined && showsGuess(context.path) ? 'denied' : 'withdrawn';
}

function fallback(feature: string): Error {
  return new Error(`The compiled engine does not know ${feature}; XState's own actor runs this machine, more slowly.`);
}
