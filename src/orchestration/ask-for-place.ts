import type { GuessAnswer, GuessAttempt, GuessStore } from '../adapters/guess-store.js';
import { BackendFaultError } from '../model/errors.js';

/**
 * Asks a store for a place. What is no answer lets nobody in.
 *
 * @throws whatever the store throws, or a BackendFaultError
 */
export async function askForPlace(store: GuessStore, attempt: GuessAttempt): Promise<GuessAnswer> {
  const answer: unknown = await store.reserve(attempt);
  if (isAnswer(answer)) return answer;
  throw new BackendFaultError(`The guess store ${store.name} has answered something that is no answer.`);
}

function isAnswer(answer: unknown): answer is GuessAnswer {
  if (typeof answer !== 'object' || answer === null) return false;
  const { outcome, retryAfter } = answer as Partial<Record<string, unknown>>;
  return outcome === 'reserved' || outcome === 'busy' || (outcome === 'locked' && Number.isFinite(retryAfter));
}
