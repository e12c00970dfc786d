import type { Authenticator, Authorizer, SessionManager } from '../../src/adapters/ports.js';
import { newSessionSecret } from '../../src/adapters/session-secret.js';
import type { Clock } from '../../src/model/clock.js';
import { OverloadedError } from '../../src/model/errors.js';
import { FullAuthSession } from '../../src/model/session.js';
import * as kit from '../../src/testing/index.js';
import { answers, answersWith, first, hangs, type Behaviour as Scripted, throws } from '../../src/testing/index.js';

/*
 * The scripted backends of the harness, with behaviours as data: an oracle that knows nothing of the machine computes
 * from them what must come out.
 */

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

/** A behaviour in the words of the kit. */
function scripted({ after, answer, onAbort, synchronously }: Behaviour, no: () => unknown): Scripted {
  let does: Scripted = answersWith<never>((usual) => answer(usual, no) as never);
  if (synchronously) return does.synchronously();
  if (after === undefined) does = hangs();
  else if (after > 0) does = does.after(after);
  if (onAbort === 'rejects') return does;
  return onAbort === 'answers' ? does.answersOnAbort() : does.ignoresAbort();
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
  const over: Authenticator = {
    name: 'scripted-authenticator',
    async authenticate({ username, secret }) {
      log.entries.push(`authenticated ${username}`);
      // An adapter must reveal the secret to check it.
      return secret.reveal() === '' ? { outcome: 'denied' } : { outcome: 'authenticated', user: username };
    },
  };
  const no = () => ({ outcome: 'denied', cause: 'wrongSecret' });
  return kit
    .scriptedAuthenticator({ clock, over })
    .on('authenticate', ({ username }) => scripted(script(username), no));
}

export function scriptedAuthorizer(script: (user: string) => Behaviour, clock: Clock, log: BackendLog): Authorizer {
  const over: Authorizer = {
    name: 'scripted-authorizer',
    async authorize({ user }) {
      log.entries.push(`authorized ${user}`);
      return { outcome: 'authorized' };
    },
  };
  const no = () => ({ outcome: 'denied', cause: 'missingGroup' });
  return kit.scriptedAuthorizer({ clock, over }).on('authorize', ({ user }) => scripted(script(user), no));
}

/** `remove` fails as often as `failingRemovals` says, counted down over all sessions. */
export function scriptedSessionManager(
  script: (user: string) => Behaviour,
  clock: Clock,
  log: BackendLog,
  { failingRemovals = 0 } = {},
): SessionManager {
  const over: SessionManager = {
    name: 'scripted-session-manager',
    async create({ user, ipAddress }) {
      const now = new Date(clock.now());
      const times = { created: now, last_accessed: now };
      const [session_id, session_secret] = [++log.created, newSessionSecret()];
      const session = new FullAuthSession({ session_id, session_secret, user, ip_address: ipAddress, ...times });
      log.live.set(session_id, session);
      log.entries.push(`created ${user}`);
      return { outcome: 'created', session };
    },
    remove: async (sessionId) => log.live.delete(sessionId),
    findBySecret: async (secret) =>
      [...log.live.values()].find(({ session_secret }) => session_secret?.reveal() === secret.reveal()),
    findById: async (sessionId) => log.live.get(sessionId),
    listByUser: async () => [...log.live.values()],
    refresh: async (sessionId) => log.live.get(sessionId),
    removeExpired: async () => [],
  };
  const manager = kit.scriptedSessionManager({ clock, over }).on('create', ({ user }) => {
    log.entries.push(`create ${user}`);
    return scripted(script(user), () => ({ outcome: 'limitReached' }));
  });
  if (failingRemovals > 0) {
    manager.on('remove', first(throws(new Error('The store is down.')), failingRemovals).andAlways(answers()));
  }
  return manager;
}
