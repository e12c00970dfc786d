import { isJsonObject } from '../model/json.js';
import type { ActorSource } from './actor-source.js';

/** How many events an application may send at once, and how many in a second after that. */
const BURST = 2_000;

/**
 * Takes what `createWebSocketInspector()` of `@statelyai/inspect` sends, each message a JSON object.
 *
 * @param source - where actors and events go, under ids that no other application has
 * @returns takes a message, and says what is wrong with it, if anything is
 */
export function statelyReceiver(source: ActorSource, application: string): (text: string) => string | undefined {
  const named = (id: string) => `${application}/${id}`;
  return (text) => {
    const message = parse(text);
    if (!isJsonObject(message)) return 'A message must be a JSON object, as @statelyai/inspect sends them.';
    const { type, sessionId, name, parentId, definition, snapshot, event, sourceId } = message;
    if (typeof sessionId !== 'string') return 'A message must have a sessionId that is a string.';
    const id = named(sessionId);
    switch (type) {
      case '@xstate.actor':
        source.register({
          id,
          name: typeof name === 'string' ? name : sessionId,
          parentId: typeof parentId === 'string' ? named(parentId) : undefined,
          definition: typeof definition === 'string' ? parse(definition) : undefined,
          snapshot,
        });
        return undefined;
      case '@xstate.event':
        source.event(id, event, typeof sourceId === 'string' ? named(sourceId) : undefined);
        return undefined;
      case '@xstate.snapshot':
        source.snapshot(id, snapshot);
        return undefined;
      default:
        return 'A message must be of type @xstate.actor, @xstate.event or @xstate.snapshot.';
    }
  };
}

/** Lets so many messages through in a second: an application that sends more is shown in part. */
export class MessageBudget {
  #second = 0;
  #left = BURST;

  /** @param now - milliseconds that never jump */
  allows(now: number): boolean {
    const second = Math.floor(now / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#left = BURST;
    }
    return this.#left-- > 0;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
