import type { SessionEndCause } from '../adapters/ports.js';
import type { OrphanReport } from '../machines/orphan-removal.js';
import type { InitRecording } from '../model/init-recording.js';
import { guarded } from './guarded.js';
import type { InitRecord } from './init-record.js';

/** How a session ended before its client was done with it. */
export interface SessionEnded {
  sessionId: number;
  cause: SessionEndCause;
  /** Who ended it: this orchestrator, or another node on the same store, which tells its own listeners too. */
  endedBy: 'thisNode' | 'anotherNode';
}

/** Something failed in the background, where no caller could be told. */
export interface FaultReport {
  /** What failed: `sessionManager.removeExpired`, `throttle`, `listener`, … */
  source: string;
  cause: unknown;
}

/** What an orchestrator tells, for metrics, audit, and whoever holds a session's connection. */
export interface OrchestratorEvents {
  /** Exactly once for each init. */
  'init.completed': InitRecord;
  /** An init as it can be replayed: made only if somebody listens. */
  'init.recorded': InitRecording;
  /** A session was removed, has expired, or had to go for another. */
  'session.ended': SessionEnded;
  /** What other nodes did could not be heard for a while: who holds a session looks it up. */
  'sessions.unheard': Record<never, never>;
  /** A session was created for nobody, and what became of its removal (promise P2). */
  'session.orphaned': OrphanReport;
  'fault.reported': FaultReport;
}

type EventType = keyof OrchestratorEvents;
type Listener<Type extends EventType> = (event: OrchestratorEvents[Type]) => void;

/** Delivers events. A listener that throws harms neither the sender nor the others: it is reported as a fault. */
export class EventHub {
  readonly #listeners = new Map<EventType, Set<Listener<EventType>>>();

  /** @returns a function that ends the subscription */
  on<Type extends EventType>(type: Type, listener: Listener<Type>): () => void {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners);
    const entry = guarded(listener as Listener<EventType>, (cause) => this.#reportListener(type, cause));
    listeners.add(entry);
    return () => listeners.delete(entry);
  }

  /** Delivers an event that takes some work to make, if anybody listens. That it cannot be made is reported as a fault. */
  emitIfHeard<Type extends EventType>(type: Type, make: () => OrchestratorEvents[Type]): void {
    if (!this.#listeners.get(type)?.size) return;
    let event: OrchestratorEvents[Type];
    try {
      event = make();
    } catch (cause) {
      this.emit('fault.reported', { source: type, cause });
      return;
    }
    this.emit(type, event);
  }

  emit<Type extends EventType>(type: Type, event: OrchestratorEvents[Type]): void {
    const listeners = this.#listeners.get(type);
    // A copy, since a listener may subscribe another one, or itself anew; who has left meanwhile is told nothing.
    for (const listener of [...(listeners ?? [])]) if (listeners?.has(listener)) listener(event);
  }

  /** A listener of faults that fails has nobody left to be reported to. */
  #reportListener(type: EventType, cause: unknown): void {
    if (type !== 'fault.reported') this.emit('fault.reported', { source: `listener of ${type}`, cause });
  }
}
