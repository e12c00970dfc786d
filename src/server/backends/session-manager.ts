import type * as z from 'zod';
import { type Clock, type SessionManager, systemClock } from '../../index.js';
import type { Logger } from '../logging/logger.js';
import type { BackendSchema } from './backend.js';
import { placed } from './placed.js';
import { readSecret } from './read-secret.js';
import { SESSION_MANAGERS, type sessionManagerSchema } from './registry.js';
import { databasePath } from './sqlite.js';
import type { Store, StoreBackend } from './store-backend.js';

/** What the configuration says of the sessions. */
export interface SessionSettings {
  dataDir: string;
  sessionManager: z.output<typeof sessionManagerSchema>;
}

/** What a store is made with. */
export interface MakeStoreOptions {
  /** Told of secrets that others may read. @defaultValue nobody is told */
  logger?: Logger;
  /** @defaultValue {@link systemClock} */
  clock?: Clock;
  /** @defaultValue `process.env` */
  environment?: NodeJS.ProcessEnv;
}

/** The database of the sessions, if they are in a file of this machine. */
export function databaseOf({ sessionManager, dataDir }: SessionSettings): string | undefined {
  return sessionManager.type === 'sqlite' ? databasePath(sessionManager, dataDir) : undefined;
}

/**
 * Makes the store of a configuration: what is wrong with that shows now, before anything is connected.
 *
 * @throws ConfigurationError if a setting or a secret cannot be used
 */
export async function makeStore(config: SessionSettings, options: MakeStoreOptions = {}): Promise<Store> {
  const { logger, clock = systemClock, environment = process.env } = options;
  const { type } = config.sessionManager;
  const backend = (SESSION_MANAGERS as readonly unknown[] as readonly StoreBackend<BackendSchema>[]).find(
    ({ schema }) => schema.shape.type.value === type,
  ) as StoreBackend<BackendSchema>;
  try {
    return await backend.make(config.sessionManager, {
      ...{ dataDir: config.dataDir, clock },
      readSecret: (source) => readSecret(source, environment, logger),
    });
  } catch (cause) {
    throw placed(cause, 'sessionManager');
  }
}

/**
 * Opens the session manager of a configuration.
 *
 * @throws ConfigurationError if the configuration or the database cannot be used; that is then left as it is
 * @throws whatever a call would, if its store does not answer
 */
export async function openSessionManager(config: SessionSettings, options?: MakeStoreOptions): Promise<SessionManager> {
  const { sessionManager } = await makeStore(config, options);
  try {
    await sessionManager.open?.();
    return sessionManager;
  } catch (cause) {
    await sessionManager.close?.();
    throw cause;
  }
}
