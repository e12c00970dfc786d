import type * as z from 'zod';
import type { GuessStore } from '../../adapters/guess-store.js';
import type { UsedSteps } from '../../adapters/used-steps.js';
import type { SessionManager } from '../../index.js';
import type { BackendContext, BackendSchema } from './backend.js';

/** A store of sessions, and what else can be kept in it. Nothing is connected yet. */
export interface Store {
  /** `open` connects, and throws what would go wrong with any call. */
  readonly sessionManager: SessionManager & { open?(): Promise<void> };
  /** Counts failed attempts in the same store; undefined if its nodes are one. */
  readonly guessStore?: () => GuessStore;
  /** Remembers used one-time codes in the same store; undefined if its nodes are one. */
  readonly usedSteps?: () => UsedSteps;
}

/** What a store is made with, beside its own settings. */
export type StoreContext = Pick<BackendContext, 'dataDir' | 'clock' | 'readSecret'>;

/** A session manager as the configuration knows it. */
export interface StoreBackend<Schema extends BackendSchema> {
  readonly schema: Schema;
  /** Checks the settings and reads the secrets, and connects to nothing. @throws ConfigurationError if one cannot work */
  make(settings: z.output<Schema>, context: StoreContext): Store | Promise<Store>;
}

export const storeBackend = <Schema extends BackendSchema>(backend: StoreBackend<Schema>) => backend;
