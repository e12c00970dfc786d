import type { SessionEndCause, SessionEndListener } from '../../ports.js';

/** What the scripts publish: who has ended a session, unless everybody is to hear of it, why, and its id. */
const NEWS = /^(\S*) (removed|expired|evicted) (\d{1,16})$/;

/** Tells of what other nodes have done. */
export function tellOfOthers(message: string, node: string, listener: SessionEndListener): void {
  const [, teller, cause, id] = NEWS.exec(message) ?? [];
  if (cause === undefined || teller === node) return;
  listener.ended(Number(id), cause as SessionEndCause);
}
