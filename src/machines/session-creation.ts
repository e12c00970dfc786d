import type { SessionCreation } from '../adapters/ports.js';
import { FullAuthSession } from '../model/session.js';

/**
 * What a session manager created. Unlike the others it may be anything: an answer without a valid session is
 * `SESSION_DETAILS_MISSING`, which the machine's guard finds, and not a fault.
 */
export function readCreation(value: unknown): SessionCreation | undefined {
  try {
    const { outcome, session } = value as { outcome: unknown; session?: FullAuthSession };
    if (outcome === 'limitReached') return { outcome };
    if (outcome !== 'created' || !(session instanceof FullAuthSession)) return undefined;
    const evicted = (value as { evicted?: readonly number[] }).evicted;
    return {
      outcome,
      session: new FullAuthSession(session),
      evicted: Array.isArray(evicted) ? [...evicted] : undefined,
    };
  } catch {
    return undefined;
  }
}

/** The id of the session in what a session manager answered, however little else of it is right. */
export function createdSessionId(value: unknown): number | undefined {
  try {
    const id = (value as { session?: { session_id?: unknown } }).session?.session_id;
    return Number.isSafeInteger(id) ? (id as number) : undefined;
  } catch {
    return undefined;
  }
}
