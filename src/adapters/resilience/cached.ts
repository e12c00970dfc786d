import { createHmac, randomBytes } from 'node:crypto';
import { type Clock, systemClock } from '../../model/clock.js';
import { ClosedError } from '../../model/errors.js';
import { unknownOptions } from '../../model/known-options.js';
import type { Authenticated, AuthenticationOutcome, Authenticator, CallOptions, Credentials } from '../ports.js';
import { readAuthentication } from '../read-outcome.js';
import { isFunction, rejectProblems, whole } from './option-problems.js';

/** Options of {@link cached}. */
export interface CacheOptions {
  /**
   * Milliseconds for which a yes is repeated, 300000 at most. For so long a changed password, a disabled account and a
   * removed group go unnoticed.
   *
   * @defaultValue 10000
   */
  ttl?: number;
  /** How many yeses are kept at once; the oldest goes first. @defaultValue 1000 */
  maxEntries?: number;
  /** @defaultValue the system's clock */
  clock?: Clock;
}

/** A changed password works on for so long; more would be no cache but a second backend. */
const LONGEST_TTL = 300_000;

/** An authenticator that repeats what it said. Closing it closes the one behind. */
export interface CachedAuthenticator extends Authenticator {
  /** How many yeses are kept, those that have expired included. */
  readonly size: number;
  /**
   * Forgets a user, by the name that is asserted or by that of the session, or all users. What is being asked just now is
   * not kept, either.
   */
  invalidate(user?: string): void;
  close(): Promise<void>;
}

interface Entry {
  readonly username: string;
  readonly outcome: Authenticated;
  /** On the clock that never jumps. */
  readonly until: number;
}

/**
 * Repeats a yes for a short time, to the same credentials from the same address, without asking the backend again. A no
 * is never kept, nor a yes to a one-time code or beyond its `expiresAt`.
 *
 * Entries are found by an HMAC over user name, secret and address, under a random key of this process: no secret is kept.
 *
 * @throws ConfigurationError with every problem
 *
 * @example
 * ```ts
 * import { cached } from 'session-init/adapters/resilience';
 * import { usersFileAuthenticator } from 'session-init/adapters/users-file';
 *
 * const authenticator = cached(usersFileAuthenticator({ path: 'users.json' }), { ttl: 5_000 });
 * authenticator.invalidate('alice'); // when her password has changed
 * ```
 */
export function cached(authenticator: Authenticator, options: CacheOptions = {}): CachedAuthenticator {
  checkOptions(authenticator, options);
  const { ttl = 10_000, maxEntries = 1_000, clock = systemClock } = options;
  const { name } = authenticator;
  const key = randomBytes(32);
  /** In the order in which they were made, which is that in which they expire. */
  const entries = new Map<string, Entry>();
  let invalidations = 0;
  let closing: Promise<void> | undefined;

  /** JSON keeps the parts apart, whatever is in them. */
  function keyOf({ username, secret, ipAddress }: Credentials): string {
    const parts = JSON.stringify([username, secret.reveal(), ipAddress ?? null]);
    return createHmac('sha256', key).update(parts).digest('base64');
  }

  function isFresh({ until, outcome }: Entry): boolean {
    return clock.monotonic() < until && clock.now() < (outcome.expiresAt ?? Number.POSITIVE_INFINITY);
  }

  function find(id: string): Authenticated | undefined {
    const entry = entries.get(id);
    if (entry === undefined) return undefined;
    if (isFresh(entry)) return structuredClone(entry.outcome);
    entries.delete(id);
    return undefined;
  }

  function keep(id: string, username: string, { path: _, ...yes }: Authenticated & AuthenticationOutcome): void {
    const outcome = copyOf(yes);
    if (outcome === undefined) return;
    const entry = { username, outcome, until: clock.monotonic() + ttl };
    if (!isFresh(entry)) return;
    entries.delete(id);
    for (const [oldest, old] of entries) {
      if (entries.size < maxEntries && isFresh(old)) break;
      entries.delete(oldest);
    }
    entries.set(id, entry);
  }

  async function authenticate(credentials: Credentials, callOptions: CallOptions): Promise<AuthenticationOutcome> {
    if (closing !== undefined) throw new ClosedError(name);
    const { username, oneTimeCode } = credentials;
    if (oneTimeCode !== undefined) return authenticator.authenticate(credentials, callOptions);
    const id = keyOf(credentials);
    const known = find(id);
    if (known !== undefined) return { ...known, path: [repeated(name)] };
    const begun = invalidations;
    const outcome = readAuthentication(name, await authenticator.authenticate(credentials, callOptions));
    if (outcome.outcome === 'authenticated' && invalidations === begun) keep(id, username, outcome);
    return outcome;
  }

  function invalidate(user?: string): void {
    invalidations++;
    for (const [id, { username, outcome }] of entries) {
      if (user === undefined || user === username || user === outcome.user) entries.delete(id);
    }
  }

  return {
    name,
    get size() {
      return entries.size;
    },
    ...(authenticator.isSecondFactor && { isSecondFactor: true }),
    authenticate,
    invalidate,
    ...(authenticator.probe && {
      probe: (callOptions: CallOptions) => authenticator.probe?.(callOptions) as Promise<void>,
    }),
    close() {
      invalidate();
      closing ??= (async () => authenticator.close?.())();
      return closing;
    },
  };
}

function checkOptions(authenticator: Authenticator, options: CacheOptions): void {
  rejectProblems('cached', [
    isFunction(authenticator, 'authenticate') ? '' : 'cached needs an authenticator.',
    ...unknownOptions('cached', options, ['ttl', 'maxEntries', 'clock']),
    whole('ttl', options.ttl, 1, LONGEST_TTL),
    whole('maxEntries', options.maxEntries, 1),
  ]);
}

const repeated = (backend: string) =>
  ({ backend, outcome: 'authenticated', cause: 'cached', milliseconds: 0 }) as const;

/** A copy that nobody else can change. Undefined if there is none: claims may be anything. */
function copyOf(outcome: Authenticated): Authenticated | undefined {
  try {
    return structuredClone(outcome);
  } catch {
    return undefined;
  }
}
