import type { PathStep } from '../../../model/backend-path.js';
import { type Clock, systemClock } from '../../../model/clock.js';
import { BackendFaultError, ClosedError, SessionInitError } from '../../../model/errors.js';
import { abortableOf } from '../../../model/lazy-signal.js';
import { withheldCause, withheldError, withheldPath } from '../../../model/withhold-secret.js';
import type { AuthenticationOutcome, Authenticator, CallOptions, Credentials } from '../../ports.js';
import { readAuthentication } from '../../read-outcome.js';
import type { ResolvedLink } from './links.js';
import type { ShareSecret } from './share-secret.js';
import { type Answer, Walk } from './walk.js';

/** An authenticator that is made of others. Closing it closes them all. */
export interface LinkedAuthenticator extends Authenticator {
  probe(options: CallOptions): Promise<void>;
  close(): Promise<void>;
}

/** What a {@link linkedAuthenticator} is made of. */
export interface LinkedAuthenticatorParts {
  readonly name: string;
  readonly links: readonly ResolvedLink[];
  /** Whether users are named by who knows them: `corp:alice`. */
  readonly qualified: boolean;
  /** @defaultValue every link gets what was asserted */
  readonly share?: ShareSecret;
  readonly clock: Clock | undefined;
}

/** A second factor is not even asked before another has said yes: whoever knows a code alone is nobody. */
const NO_FIRST_FACTOR: Answer = { outcome: 'denied', cause: 'noFirstFactor' };

/** Asks links one after the other, as their rules say: what `chain`, `firstOf` and `allOf` have in common. */
export function linkedAuthenticator(parts: LinkedAuthenticatorParts): LinkedAuthenticator {
  const { name, links, qualified, share, clock = systemClock } = parts;
  const authenticators = new Map(links.map((link) => [link.authenticator, link.name]));
  // Of second factors alone, as a part of something else, each can be the one that counts.
  const isSecondFactor = links.every(({ authenticator }) => authenticator.isSecondFactor === true);
  let closing: Promise<void> | undefined;

  async function authenticate(asserted: Credentials, options: CallOptions): Promise<AuthenticationOutcome> {
    const shares = share === undefined ? links.map(() => asserted) : share(asserted);
    if (shares === undefined) return { outcome: 'denied', cause: 'missingFactor', path: [] };
    const walk = new Walk();
    for (const [index, link] of links.entries()) {
      abortableOf(options).throwIfAborted();
      if (closing !== undefined) throw new ClosedError(name, { path: walk.path });
      const own = shares[index] as Credentials;
      const credentials = { ...own, username: walk.user ?? own.username };
      const begun = clock.monotonic();
      const isTooEarly = link.authenticator.isSecondFactor && !isSecondFactor && walk.user === undefined;
      const answer = isTooEarly ? NO_FIRST_FACTOR : await ask(link, credentials, options);
      const duration = clock.monotonic() - begun;
      const fit = own.secret === asserted.secret ? answer : ofPart(link, answer, credentials);
      walk.path.push(stepOf(link, fit, duration));
      if (!walk.goesOnAfter(link, qualified ? qualify(link, fit) : fit)) break;
    }
    return walk.conclude(name);
  }

  async function probe(options: CallOptions): Promise<void> {
    if (closing !== undefined) throw new ClosedError(name);
    const failed = await failuresOf(authenticators, (authenticator) => authenticator.probe?.(options));
    if (failed.length === 0) return;
    const names = failed.map(([link]) => link).join(', ');
    throw new BackendFaultError(`${name}: no sign of life from ${names}.`, { cause: inOne(failed) });
  }

  async function closeAll(): Promise<void> {
    const failed = await failuresOf(authenticators, (authenticator) => authenticator.close?.());
    if (failed.length === 0) return;
    const names = failed.map(([link]) => link).join(', ');
    throw new BackendFaultError(`${name}: ${names} could not be closed; the others are.`, { cause: inOne(failed) });
  }

  return {
    name,
    isSecondFactor,
    authenticate,
    probe,
    close() {
      closing ??= closeAll();
      return closing;
    },
  };
}

async function ask(link: ResolvedLink, credentials: Credentials, options: CallOptions): Promise<Answer> {
  try {
    return readAuthentication(link.name, await link.authenticator.authenticate(credentials, options));
  } catch (error) {
    return { outcome: 'failed', error };
  }
}

/**
 * An answer to a part of what was asserted. An init looks for its secret in what backends say; that a text quotes a part
 * of it, only who took it apart can see. And a part may be a code that can be used once, so no cache keeps the yes.
 */
function ofPart(link: ResolvedLink, answer: Answer, { secret }: Credentials): Answer {
  if (answer.outcome === 'failed') {
    return { outcome: 'failed', error: withheldError(link.name, answer.error, [secret]) };
  }
  const path = answer.path && withheldPath(answer.path, [secret]);
  if (answer.outcome === 'authenticated') return { ...answer, path, expiresAt: 0 };
  return { ...answer, path, cause: withheldCause(answer.cause, [secret]) };
}

function stepOf({ name: backend }: ResolvedLink, answer: Answer, milliseconds: number): PathStep {
  const { outcome } = answer;
  if (outcome !== 'failed') {
    const cause = outcome === 'denied' ? answer.cause : undefined;
    return { backend, outcome, cause, milliseconds, path: answer.path };
  }
  const error = answer.error instanceof SessionInitError ? answer.error : undefined;
  return { backend, outcome, cause: error?.code ?? 'backend_fault', milliseconds, path: error?.path };
}

/** No user of one backend is called like a user of another, since no backend has a colon in its name (ASVS 6.8.1). */
function qualify({ name }: ResolvedLink, answer: Answer): Answer {
  return answer.outcome === 'authenticated' ? { ...answer, user: `${name}:${answer.user}` } : answer;
}

/** Does something with all of them, whatever comes of it with one. @returns the names of those that failed, and why */
async function failuresOf(
  authenticators: ReadonlyMap<Authenticator, string>,
  work: (authenticator: Authenticator) => Promise<void> | undefined,
): Promise<readonly (readonly [name: string, cause: unknown])[]> {
  const all = [...authenticators];
  const results = await Promise.allSettled(all.map(async ([authenticator]) => work(authenticator)));
  return results.flatMap((result, index) =>
    result.status === 'rejected' ? [[(all[index] as [Authenticator, string])[1], result.reason] as const] : [],
  );
}

function inOne(failed: readonly (readonly [name: string, cause: unknown])[]): unknown {
  return failed.length === 1 ? failed[0]?.[1] : new AggregateError(failed.map(([, cause]) => cause));
}
