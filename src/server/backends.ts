import { usersFileAuthenticator } from '../adapters/authenticators/users-file.js';
import { type SqliteSessionManager, sqliteSessionManager } from '../adapters/session-managers/sqlite.js';
import {
  type Authenticator,
  type Authorizer,
  allowAllAuthorizer,
  type Clock,
  groupsAuthorizer,
  memorySessionManager,
  type SessionManager,
  staticAuthenticator,
} from '../index.js';
import type { ServerConfig } from './config-schema.js';
import { databaseOf, usersFileOf } from './data-folder.js';
import type { Logger } from './logging/logger.js';
import { usersFileLog } from './logging/users-file-log.js';

/**
 * Opens the session manager of a configuration.
 *
 * @throws ConfigurationError if the database cannot be used; it is then left as it is
 */
export async function openSessionManager(config: ServerConfig, clock?: Clock): Promise<SessionManager> {
  const { type: _, ...settings } = config.sessionManager;
  const options = { ...settings, ...(clock && { clock }) };
  const path = databaseOf(config);
  if (path === undefined) return memorySessionManager(options);
  const manager: SqliteSessionManager = sqliteSessionManager({ ...options, path });
  await manager.open();
  return manager;
}

/**
 * Opens the authenticator of a configuration.
 *
 * @throws ConfigurationError with all problems of the users file, if that cannot be used
 */
export async function openAuthenticator(config: ServerConfig, logger: Logger, clock: Clock): Promise<Authenticator> {
  const { authenticator: options } = config;
  if (options.type === 'static') {
    const users = Object.entries(options.users).map(([user, secret]) => [user, secret.reveal()]);
    return staticAuthenticator({ users: Object.fromEntries(users), ...(options.groups && { groups: options.groups }) });
  }
  const path = usersFileOf(config) as string;
  const { format, pollInterval } = options;
  const authenticator = usersFileAuthenticator({ path, format, pollInterval, clock, ...usersFileLog(path, logger) });
  await authenticator.ready().catch(async (cause: unknown) => {
    await authenticator.close();
    throw cause;
  });
  return authenticator;
}

/** The authorizer of a configuration. */
export function createAuthorizer({ authorizer }: ServerConfig): Authorizer {
  if (authorizer.type === 'allow-all') return allowAllAuthorizer();
  const { anyOf, allOf, noneOf } = authorizer;
  return groupsAuthorizer({ ...(anyOf && { anyOf }), ...(allOf && { allOf }), ...(noneOf && { noneOf }) });
}
