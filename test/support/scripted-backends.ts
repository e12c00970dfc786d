import type {
  Authenticator,
  Authorizer,
  CallOptions,
  SessionManager,
  SessionRequest,
} from '../../src/adapters/ports.js';
import { newSessionSecret } from '../../src/adapters/session-secret.js';
import type { Clock } from '../../src/model/clock.js';
import { OverloadedError } from '../../src/model/errors.js';
import { FullAuthSession } from '../../src/model/session.js';

/** How a backend behaves when it is asked. */
export interface Behaviour {
  name: string;
  /** Milliseconds after which it answers; undefined: never. */
  after: number | undefined;
  /** What the answer comes to, by the rules of the ports. */
  means: 'yes' | 'no' | 'fault' | 'overload';
  /** Answers with what its port calls a yes, given as a thunk since it may create a session; or does something else. */
  answer: (yes: () => unknown, no: () => unknown) => unknown;
  /** What it does when its signal is aborted before it has answered. @defaultValue ignores it */
  onAbort?: 'rejects' | 'answers';
  /** Throws before it returns a promise. */
  synchronously?: boolean;
}

const boom = (value: unknown) => () => {
  throw value;
};

/** An answer that defends itself against being looked at. */
const hostile = new Proxy(
  {},
  {
    get(_, key) {
      // A promise resolves with it only if it is no thenable.
      if (key === 'then') return undefined;
      throw new Error('hostile');
    },
    getPrototypeOf: boom(new Error('hostile')),
    has: boom(new Error('hostile')),
  },
);

const GARBAGE: Record<string, unknown> = {
  undefined,
  null: null,
  'a number': 42,
  'a string': 'authenticated',
  'an array': ['authenticated'],
  'an empty object': {},
  'an unknown outcome': { outcome: 'perhaps' },
  'a hostile proxy': hostile,
  'a throwing getter': Object.defineProperty({}, 'outcome', { get: boom(new Error('getter')), enumerable: true }),
  'a function': () => ({ outcome: 'authenticated' }),
};

export const YES: Behaviour = { name: 'says yes', after: 0, means: 'yes', answer: (yes) => yes() };
export const YES_SLOWLY: Behaviour = { ...YES, name: 'says yes slowly', after: 450 };

/** Everything that a backend may do, in good and in bad faith. Phase deadlines are 500 ms, the request's 1,200 ms. */
export const BEHAVIOURS: readonly Behaviour[] = [
  YES,
  YES_SLOWLY,
  { name: 'says no', after: 0, means: 'no', answer: (_, no) => no() },
  { name: 'says no slowly', after: 450, means: 'no', answer: (_, no) => no() },
  { name: 'throws an Error', after: 0, means: 'fault', answer: boom(new Error('marked-backend-text')) },
  { name: 'throws an Error slowly', after: 450, means: 'fault', answer: boom(new Error('marked-backend-text')) },
  { name: 'throws a string', after: 0, means: 'fault', answer: boom('marked-backend-text') },
  { name: 'throws undefined', after: 0, means: 'fault', answer: boom(undefined) },
  { name: 'throws null', after: 0, means: 'fault', answer: boom(null) },
  { name: 'throws synchronously', after: 0, means: 'fault', answer: boom(new Error('sync')), synchronously: true },
  { name: 'is overloaded', after: 0, means: 'overload', answer: boom(new OverloadedError('full', { retryAfter: 7 })) },
  { name: 'hangs', after: undefined, means: 'yes', answer: (yes) => yes() },
  { name: 'hangs, and rejects on abort', after: undefined, means: 'yes', answer: (yes) => yes(), onAbort: 'rejects' },
  { name: 'hangs, and says yes on abort', after: undefined, means: 'yes', answer: (yes) => yes(), onAbort: 'answers' },
  { name: 'says yes after its deadline', after: 600, means: 'yes', answer: (yes) => yes() },
  { name: 'says yes after the request deadline', after: 2_000, means: 'yes', answer: (yes) => yes() },
  { name: 'says no after its deadline', after: 600, means: 'no', answer: (_, no) => no() },
  { name: 'throws after its deadline', after: 600, means: 'fault', answer: boom(new Error('late')) },
  ...Object.entries(GARBAGE).map(
    ([what, value]): Behaviour => ({ name: `answers ${what}`, after: 0, means: 'fault', answer: () => value }),
  ),
];

/** Acts a behaviour out. */
export function act(
  behaviour: Behaviour,
  clock: Clock,
  signal: AbortSignal,
  yes: () => unknown,
  no: () => unknown,
): Promise<never> {
  if (behaviour.synchronously) behaviour.answer(yes, no);
  return new Promise<unknown>((resolve, reject) => {
    const answer = () => {
      try {
        resolve(behaviour.answer(yes, no));
      } catch (error) {
        reject(error);
      }
    };
    if (behaviour.after === 0) answer();
    else if (behaviour.after !== undefined) clock.setTimeout(answer, behaviour.after);
    if (behaviour.onAbort === 'rejects') signal.addEventListener('abort', () => reject(signal.reason));
    if (behaviour.onAbort === 'answers') signal.addEventListener('abort', answer);
  }) as Promise<never>;
}

/** What was asked of the backends, in order, and which sessions are alive. */
export class BackendLog {
  readonly entries: string[] = [];
  readonly live = new Map<number, FullAuthSession>();
  created = 0;
}

export function scriptedAuthenticator(
  script: (user: string) => Behaviour,
  clock: Clock,
  log: BackendLog,
): Authenticator {
  return {
    name: 'scripted-authenticator',
    authenticate({ username, secret }, { signal }) {
      const yes = () => {
        log.entries.push(`authenticated ${username}`);
        // An adapter must reveal the secret to check it.
        return { outcome: secret.reveal() === '' ? 'denied' : 'authenticated', user: username };
      };
      return act(script(username), clock, signal, yes, () => ({ outcome: 'denied', cause: 'wrongSecret' }));
    },
  };
}

export function scriptedAuthorizer(script: (user: string) => Behaviour, clock: Clock, log: BackendLog): Authorizer {
  return {
    name: 'scripted-authorizer',
    authorize({ user }, { signal }) {
      const yes = () => {
        log.entries.push(`authorized ${user}`);
        return { outcome: 'authorized' };
      };
      return act(script(user), clock, signal, yes, () => ({ outcome: 'denied', cause: 'missingGroup' }));
    },
  };
}

/** `remove` fails as often as `failingRemovals` says, counted down over all sessions. */
export function scriptedSessionManager(
  script: (user: string) => Behaviour,
  clock: Clock,
  log: BackendLog,
  { failingRemovals = 0 } = {},
): SessionManager {
  let failures = failingRemovals;
  const create = ({ user, ipAddress }: SessionRequest) => {
    const now = new Date(clock.now());
    const times = { created: now, last_accessed: now };
    const session_id = ++log.created;
    const session = new FullAuthSession({
      session_id,
      session_secret: newSessionSecret(),
      user,
      ip_address: ipAddress,
      ...times,
    });
    log.live.set(session_id, session);
    log.entries.push(`created ${user}`);
    return { outcome: 'created', session };
  };
  return {
    name: 'scripted-session-manager',
    create: (request: SessionRequest, { signal }: CallOptions) => {
      log.entries.push(`create ${request.user}`);
      return act(
        script(request.user),
        clock,
        signal,
        () => create(request),
        () => ({ outcome: 'limitReached' }),
      );
    },
    async remove(sessionId) {
      if (failures-- > 0) throw new Error('The store is down.');
      return log.live.delete(sessionId);
    },
    findBySecret: async () => undefined,
    findById: async (sessionId) => log.live.get(sessionId),
    listByUser: async () => [...log.live.values()],
    refresh: async (sessionId) => log.live.get(sessionId),
    removeExpired: async () => [],
  };
}
