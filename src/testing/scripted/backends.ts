import type { Authenticator, Authorizer, SessionManager } from '../../adapters/ports.js';
import { allowAllAuthorizer, type Clock, memorySessionManager, systemClock } from '../../index.js';
import { type ScriptedBackend, scriptedBackend } from './scripted-backend.js';

/** Options of the scripted backends. */
export interface ScriptedBackendOptions<Port> {
  /** Time for `after(…)` and for the record of calls: {@link simulatedClock}. @defaultValue the system's clock */
  clock?: Clock;
  /** What answers where no script says otherwise. @defaultValue one that says yes to everybody */
  over?: Port;
}

/** An authenticator that does what it is told, and records what it is asked. */
export type ScriptedAuthenticator = Authenticator & ScriptedBackend<Authenticator>;
/** An authorizer that does what it is told, and records what it is asked. */
export type ScriptedAuthorizer = Authorizer & ScriptedBackend<Authorizer>;
/** A session manager that does what it is told, and records what it is asked. */
export type ScriptedSessionManager = SessionManager & ScriptedBackend<SessionManager>;

/**
 * An authenticator for tests. Without a script it lets everybody in under the name that they give.
 *
 * @example
 * ```ts
 * import { answers, denies, first, scriptedAuthenticator, simulatedClock } from 'session-init/testing';
 *
 * const clock = simulatedClock();
 * const authenticator = scriptedAuthenticator({ clock }).on(
 *   'authenticate',
 *   first(denies('wrongSecret').after(200)).andAlways(answers()),
 * );
 * console.log(authenticator.calls);
 * ```
 */
export function scriptedAuthenticator(options: ScriptedBackendOptions<Authenticator> = {}): ScriptedAuthenticator {
  const { clock = systemClock, over = yesAuthenticator } = options;
  return scriptedBackend(over, ['authenticate', 'close'], clock);
}

/** An authorizer for tests. Without a script it lets every user have a session. */
export function scriptedAuthorizer(options: ScriptedBackendOptions<Authorizer> = {}): ScriptedAuthorizer {
  const { clock = systemClock, over = allowAllAuthorizer() } = options;
  return scriptedBackend(over, ['authorize', 'close'], clock);
}

/** A session manager for tests. Without a script it keeps sessions in memory. */
export function scriptedSessionManager(options: ScriptedBackendOptions<SessionManager> = {}): ScriptedSessionManager {
  const { clock = systemClock, over = memorySessionManager({ clock }) } = options;
  return scriptedBackend(over, [...SESSION_METHODS, 'close'], clock);
}

/** The methods of a session manager, but for `close`, which all backends have. */
export const SESSION_METHODS = [
  'create',
  'findBySecret',
  'findById',
  'listByUser',
  'refresh',
  'remove',
  'removeExpired',
] as const satisfies readonly (keyof SessionManager)[];

const yesAuthenticator: Authenticator = {
  name: 'scripted',
  authenticate: async ({ username }) => ({ outcome: 'authenticated', user: username }),
};
