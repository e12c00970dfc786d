import type { Authenticator, Authorizer, SessionManager } from '../adapters/ports.js';
import {
  ConfigurationError,
  createSessionOrchestrator,
  type FaultReport,
  type FullAuthSession,
  type InitOptions,
  type InitRecord,
  memorySessionManager,
  type OrphanReport,
  type SessionEnded,
  type SessionInitResponse,
  type SessionOrchestrator,
  type SessionOrchestratorOptions,
} from '../index.js';
import {
  type ScriptedAuthenticator,
  type ScriptedAuthorizer,
  type ScriptedSessionManager,
  SESSION_METHODS,
  scriptedAuthenticator,
  scriptedAuthorizer,
  scriptedSessionManager,
} from './scripted/backends.js';
import type { MethodOf, Script } from './scripted/scripted-backend.js';
import { type SimulatedClock, simulatedClock } from './simulated-clock.js';

/** Scripts for the methods of a port. */
export type ScriptsOf<Port> = { [Name in Exclude<MethodOf<Port>, 'close'>]?: Script<NonNullable<Port[Name]>> };

/** What the backends do, by the names of their methods. What is left out says yes, or is what a real one does. */
export type BackendScripts = ScriptsOf<Authenticator> & ScriptsOf<Authorizer> & ScriptsOf<SessionManager>;

/** Options of {@link createTestOrchestrator}: those of an orchestrator, all of them optional, and scripts. */
export interface TestOrchestratorOptions extends Partial<Omit<SessionOrchestratorOptions, 'clock'>> {
  script?: BackendScripts;
  /** @defaultValue one of its own */
  clock?: SimulatedClock;
}

/** An orchestrator under test, and everything that happens in it. */
export interface TestOrchestrator {
  readonly orchestrator: SessionOrchestrator;
  readonly clock: SimulatedClock;
  readonly authenticator: ScriptedAuthenticator;
  readonly authorizer: ScriptedAuthorizer;
  readonly sessionManager: ScriptedSessionManager;
  /** One for each init that has ended, in the order of their ends. */
  readonly records: readonly InitRecord[];
  /** The responses, as `records`. */
  readonly responses: readonly SessionInitResponse[];
  /** Sessions that were created for nobody, and what became of their removal. */
  readonly orphans: readonly OrphanReport[];
  /** Sessions that were removed, evicted or have expired. */
  readonly endings: readonly SessionEnded[];
  readonly faults: readonly FaultReport[];
  /**
   * Asks for a session. Time stands still meanwhile: see `advance`, or use `ask`.
   *
   * @param message - by default the request of a user `alice`
   * @throws DefectError if a script could not go on
   */
  init(message?: unknown, options?: Partial<InitOptions>): Promise<SessionInitResponse>;
  /** Asks for a session, and lets as much time pass as it takes until the answer is there. For scripted backends. */
  ask(message?: unknown, options?: Partial<InitOptions>): Promise<SessionInitResponse>;
  /** Moves time forward, as {@link SimulatedClock.advance} does. */
  advance(milliseconds: number): Promise<void>;
  /** The live sessions that the session manager has, past all scripts. */
  liveSessions(): Promise<readonly FullAuthSession[]>;
  /** Closes the orchestrator, letting time pass as needed. @throws DefectError if a script could not go on */
  close(): Promise<void>;
}

/**
 * An orchestrator for tests: scripted backends, sessions in memory, simulated time. A real adapter can be put in for
 * each of the three; it then answers wherever no script says otherwise, and its calls are recorded all the same.
 *
 * @example
 * ```ts
 * import { createTestOrchestrator, denies, hangs } from 'session-init/testing';
 *
 * const test = createTestOrchestrator({ script: { authorize: hangs() }, deadlines: { authorization: 500 } });
 * const answer = test.init({ username: 'ada', user_secret: 'only-for-this-test' });
 * await test.advance(500);
 * console.log((await answer).data); // AUTH_ATTEMPT_TIMEOUT
 *
 * test.authorizer.on('authorize', denies('missingGroup').after(200));
 * console.log((await test.ask()).data); // USER_NOT_AUTHORIZED
 * await test.close();
 * ```
 *
 * @throws ConfigurationError if an option cannot work, or a script is for a method that no backend has
 */
export function createTestOrchestrator(options: TestOrchestratorOptions = {}): TestOrchestrator {
  const {
    script = {},
    clock = simulatedClock(),
    authenticator,
    authorizer,
    sessionManager,
    onResponse,
    ...rest
  } = options;
  const sessions = sessionManager ?? memorySessionManager({ clock });
  const backends = {
    authenticator: scriptedAuthenticator({ clock, ...(authenticator && { over: authenticator }) }),
    authorizer: scriptedAuthorizer({ clock, ...(authorizer && { over: authorizer }) }),
    sessionManager: scriptedSessionManager({ clock, over: sessions }),
  };
  direct(backends, script);
  const records: InitRecord[] = [];
  const responses: SessionInitResponse[] = [];
  const orphans: OrphanReport[] = [];
  const endings: SessionEnded[] = [];
  const faults: FaultReport[] = [];
  const orchestrator = createSessionOrchestrator({
    ...rest,
    ...backends,
    clock,
    onResponse: (response, record) => {
      responses.push(response);
      onResponse?.(response, record);
    },
  });
  orchestrator.on('init.completed', (record) => records.push(record));
  orchestrator.on('session.orphaned', (report) => orphans.push(report));
  orchestrator.on('session.ended', (ending) => endings.push(ending));
  orchestrator.on('fault.reported', (report) => faults.push(report));

  function throwScriptError(): void {
    const [error] = Object.values(backends).flatMap(({ scriptErrors }) => scriptErrors);
    if (error !== undefined) throw error;
  }

  async function init(message: unknown = ALICE, initOptions: Partial<InitOptions> = {}): Promise<SessionInitResponse> {
    const response = await orchestrator.init(message, { ipAddress: '192.0.2.1', ...initOptions });
    throwScriptError();
    return response;
  }

  return {
    ...backends,
    orchestrator,
    clock,
    records,
    responses,
    orphans,
    endings,
    faults,
    init,
    ask: (message, initOptions) => letTimePass(clock, init(message, initOptions)),
    advance: (milliseconds) => clock.advance(milliseconds),
    liveSessions: () => sessions.listByUser(undefined),
    async close() {
      await letTimePass(clock, orchestrator.close());
      throwScriptError();
    },
  };
}

const ALICE = { username: 'alice', user_secret: 'only-for-this-test' };

function direct(backends: Pick<TestOrchestrator, 'authenticator' | 'authorizer' | 'sessionManager'>, script: object) {
  const { authenticator, authorizer, sessionManager } = backends;
  for (const [method, does] of Object.entries(script)) {
    if (method === 'authenticate') authenticator.on(method, does);
    else if (method === 'authorize') authorizer.on(method, does);
    else if (isSessionMethod(method)) sessionManager.on(method, does);
    else {
      const known = ['authenticate', 'authorize', ...SESSION_METHODS].join(', ');
      throw new ConfigurationError(`There is no method ${method} to script. There are: ${known}.`);
    }
  }
}

function isSessionMethod(method: string): method is (typeof SESSION_METHODS)[number] {
  return (SESSION_METHODS as readonly string[]).includes(method);
}

/** Goes from timer to timer until `promise` is settled. */
export async function letTimePass<Value>(clock: SimulatedClock, promise: Promise<Value>): Promise<Value> {
  let isSettled = false;
  const settle = () => {
    isSettled = true;
  };
  promise.then(settle, settle);
  await clock.advance(0);
  while (!isSettled && clock.untilNext !== undefined) await clock.advance(clock.untilNext);
  return promise;
}
