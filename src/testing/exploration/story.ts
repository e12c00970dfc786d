import type { InitRecord, Secret, SessionInitResponse } from '../../index.js';
import type { BackendName, Outcome } from './script.js';

/** What a backend has told an init, by the rules of its port. */
export type Heard = 'yes' | 'no' | 'fault' | 'overload' | 'garbage';

/** All that happened to one init, seen from outside. */
export interface InitStory {
  /** Its name in the script. */
  readonly name: string;
  readonly user: string;
  /** Each init has an address of its own, by which a session manager's call is known to be its. */
  readonly ipAddress: string;
  readonly caller: AbortController;
  readonly atOnce: Partial<Record<BackendName, Outcome>>;
  /** By the monotonic clock. */
  readonly startedAt: number;
  readonly startedWhileDraining: boolean;
  /** When which backend was asked. */
  readonly asked: Partial<Record<BackendName, number>>;
  readonly heard: Partial<Record<BackendName, Heard>>;
  readonly responses: SessionInitResponse[];
  readonly records: InitRecord[];
  /** What its session manager has created, answered or not. */
  created?: CreatedSession;
  hasLeft: boolean;
}

/** A session as it was created. */
export interface CreatedSession {
  id: number;
  secret: Secret | undefined;
}

/** A call of a backend that waits for the script to say what it answers. */
export interface OpenCall {
  readonly backend: BackendName;
  readonly story: InitStory;
  /** The session manager has created the session; what is left is the answer. */
  hasCreated: boolean;
  answer(outcome: Outcome): void;
  /** Only of a session manager's. */
  create?(): void;
}

/** A promise that was broken, and how. */
export interface Violation {
  /** `P1` to `P8`. */
  promise: string;
  says: string;
}

/** Whether the caller of an init still waits for its answer. */
export function isUnanswered({ responses }: InitStory): boolean {
  return responses.length === 0;
}
