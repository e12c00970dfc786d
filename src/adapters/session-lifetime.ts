import { ConfigurationError } from '../model/errors.js';
import { unknownOptions } from '../model/known-options.js';

/** What happens when a user who has as many sessions as allowed asks for another. */
export type SessionLimitPolicy = 'allow' | 'reuse' | 'evictOldest' | 'refuse';

const LIMIT_POLICIES: readonly SessionLimitPolicy[] = ['allow', 'reuse', 'evictOldest', 'refuse'];

/** How long sessions live and how many a user may have. The same for every session manager. */
export interface SessionLifetimeOptions {
  /** A session that was not used for so many milliseconds has ended. @defaultValue 1_800_000 (30 minutes) */
  idleTimeout?: number;
  /** A session has ended so many milliseconds after its creation, however much it is used. @defaultValue 86_400_000 (24 hours) */
  absoluteLifetime?: number;
  /** How many live sessions a user may have. @defaultValue 100 */
  maxSessionsPerUser?: number;
  /**
   * What happens beyond `maxSessionsPerUser`: `allow` has no limit; `evictOldest` ends the sessions with the lowest ids;
   * `refuse` answers `limitReached`. `reuse` is not a limit but a way: whenever the user has a live session, the one
   * with the highest id is given back under a fresh secret, used now and from the new address, and its old secret stops
   * working. Its absolute lifetime still counts from its creation.
   *
   * @defaultValue `'evictOldest'`
   */
  limitPolicy?: SessionLimitPolicy;
}

const LIFETIME_OPTIONS = ['idleTimeout', 'absoluteLifetime', 'maxSessionsPerUser', 'limitPolicy'];

/** The options of {@link SessionLifetimeOptions} with every default in place. */
export class SessionLifetime {
  readonly idleTimeout: number;
  readonly absoluteLifetime: number;
  readonly maxSessionsPerUser: number;
  readonly limitPolicy: SessionLimitPolicy;

  /**
   * @param others - the options that the session manager has beside these
   * @throws ConfigurationError if a number is not a positive integer, or there is no such policy or option
   */
  constructor(options: SessionLifetimeOptions = {}, others: readonly string[] = []) {
    const problems = unknownOptions('The session manager', options, [...LIFETIME_OPTIONS, ...others]);
    if (problems.length > 0) throw new ConfigurationError(problems.join(' '), { problems });
    this.idleTimeout = positive('idleTimeout', options.idleTimeout ?? 30 * 60_000);
    this.absoluteLifetime = positive('absoluteLifetime', options.absoluteLifetime ?? 24 * 60 * 60_000);
    this.maxSessionsPerUser = positive('maxSessionsPerUser', options.maxSessionsPerUser ?? 100);
    this.limitPolicy = options.limitPolicy ?? 'evictOldest';
    if (!LIMIT_POLICIES.includes(this.limitPolicy)) {
      throw new ConfigurationError(`limitPolicy must be one of ${LIMIT_POLICIES.join(', ')}.`);
    }
  }

  /** When a session ends, in milliseconds since the epoch, if it is not used again. It is not live at that moment. */
  endsAt(created: number, lastAccessed: number): number {
    return Math.min(created + this.absoluteLifetime, lastAccessed + this.idleTimeout);
  }

  /** Sessions created at this time or before have ended by `now`. */
  createdTooEarly(now: number): number {
    return now - this.absoluteLifetime;
  }

  /** Sessions last used at this time or before have ended by `now`. */
  usedTooEarly(now: number): number {
    return now - this.idleTimeout;
  }
}

function positive(option: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new ConfigurationError(`${option} must be a positive integer, and is ${value}.`);
}
