import type { PathStep } from '../../../model/backend-path.js';
import { BackendFaultError, DefectError, OverloadedError, type SessionInitError } from '../../../model/errors.js';
import type { Authenticated, AuthenticationOutcome, DenialCause } from '../../ports.js';
import type { ResolvedLink } from './links.js';

/** What a link answered. */
export type Answer = AuthenticationOutcome | { readonly outcome: 'failed'; readonly error: unknown };

/**
 * The rules of a chain: what is known after each answer, and what comes of it. Nothing but a yes of a link leads to a yes.
 * What was passed over before the first yes is made good by it. After it, only a link that accepts makes good what others
 * did not confirm.
 */
export class Walk {
  readonly path: PathStep[] = [];
  #yes: Authenticated | undefined;
  #accepted = false;
  /** Whether a link has refused to confirm the yes of another. */
  #contradicted = false;
  #fault: { readonly link: string; readonly error: unknown } | undefined;
  /** The first denial that says more than that the user is unknown. */
  #denial: { readonly cause: DenialCause | undefined } | undefined;

  /** The name by which the next link is asked, once one was found. */
  get user(): string | undefined {
    return this.#yes?.user;
  }

  /** @returns whether the next link is asked */
  goesOnAfter(link: ResolvedLink, answer: Answer): boolean {
    if (answer.outcome === 'authenticated') return this.#succeed(link, answer);
    if (answer.outcome === 'denied' && answer.cause === 'unknownUser') return this.#missUser(link);
    this.#contradicted ||= this.#yes !== undefined;
    if (answer.outcome === 'denied') {
      this.#denial ??= { cause: answer.cause };
      return link.onDenied === 'continue';
    }
    this.#fault ??= { link: link.name, error: answer.error };
    return link.onFault === 'continue';
  }

  #succeed({ onSuccess }: ResolvedLink, answer: Authenticated): boolean {
    if (onSuccess === 'reject') {
      this.#contradicted = true;
      this.#denial ??= { cause: 'excluded' };
      return false;
    }
    this.#yes = this.#yes === undefined ? answer : confirmed(this.#yes, answer);
    this.#accepted = onSuccess === 'accept';
    return onSuccess === 'continue';
  }

  #missUser({ onUnknownUser }: ResolvedLink): boolean {
    if (onUnknownUser === 'accept') return false;
    if (this.#yes !== undefined) {
      // Whoever has proved one factor is known. An outer chain must not look for them elsewhere.
      this.#contradicted = true;
      this.#denial ??= { cause: 'notEnrolled' };
    }
    return onUnknownUser === 'continue';
  }

  /** What comes of it when no more links are asked. @throws the fault that kept the chain from a yes */
  conclude(chain: string): AuthenticationOutcome {
    const { path } = this;
    if (this.#yes !== undefined && (this.#accepted || !this.#contradicted)) return { ...this.#yes, path };
    if (this.#fault !== undefined) throw faultOf(chain, this.#fault, path);
    return { outcome: 'denied', cause: this.#denial === undefined ? 'unknownUser' : this.#denial.cause, path };
  }
}

/** A yes, and another one to the same user: it is still the first one's user, with the groups of both. */
function confirmed(first: Authenticated, other: Authenticated): Authenticated {
  const groups = first.groups ?? other.groups;
  const expiresAt = first.expiresAt ?? other.expiresAt;
  return {
    ...first,
    groups: groups && [...new Set([...groups, ...(other.groups ?? [])])],
    expiresAt: expiresAt === undefined ? undefined : Math.min(expiresAt, other.expiresAt ?? expiresAt),
  };
}

function faultOf(
  chain: string,
  { link, error: cause }: { link: string; error: unknown },
  path: readonly PathStep[],
): SessionInitError {
  const message = `${chain}: ${link} failed.`;
  if (cause instanceof OverloadedError) {
    return new OverloadedError(`${chain}: ${link} is overloaded.`, { cause, path, retryAfter: cause.retryAfter });
  }
  return new (cause instanceof DefectError ? DefectError : BackendFaultError)(message, { cause, path });
}
