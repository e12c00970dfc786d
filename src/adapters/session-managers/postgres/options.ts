import { type Clock, systemClock } from '../../../model/clock.js';
import { ConfigurationError } from '../../../model/errors.js';
import { millisecondsProblem } from '../../option-problems.js';
import {
  type PostgresqlServer,
  type PostgresqlServerOptions,
  SERVER_OPTIONS,
  serverProblems,
  withServerDefaults,
} from '../../postgres-client/server-options.js';
import { type PostgresqlUrlOptions, withoutUrl } from '../../postgres-client/server-url.js';
import { SessionLifetime, type SessionLifetimeOptions } from '../../session-lifetime.js';

/** Options of {@link postgresSessionManager}: where the database is, and how it is used. */
export type PostgresSessionManagerOptions = PostgresSessionOptions & PostgresLocation;

/** How sessions are kept in PostgreSQL. */
export interface PostgresSessionOptions extends PostgresSchemaOptions, SessionLifetimeOptions {}

/** Where the database is. */
export type PostgresLocation = PostgresqlServerOptions | PostgresqlUrlOptions;

/** How a schema of PostgreSQL is used. */
export interface PostgresSchemaOptions {
  /**
   * The schema with all tables: lower-case letters, digits and `_`, 40 at most. It is created if it is not there, and
   * brought up to date if it is of an earlier version. Nodes on the same schema share what is in it.
   *
   * @defaultValue `'session_init'`
   */
  schema?: string;
  /** Milliseconds for one call, from the wait for a connection to the answer. @defaultValue 4000 */
  timeout?: number;
  /** How many calls may wait for a connection, before an init is refused as `overloaded`. @defaultValue 2000 */
  maxQueued?: number;
  /**
   * Whose time counts: that of the database server, which is the same for all nodes, or that of `clock`.
   *
   * @defaultValue `'store'`
   */
  timeFrom?: 'store' | 'clock';
  /** What deadlines go by, and all time if `timeFrom` is `clock`. @defaultValue the system's clock */
  clock?: Clock;
}

/** The names of {@link PostgresSchemaOptions} and {@link PostgresLocation}. */
export const SCHEMA_OPTIONS: readonly string[] = ['url', 'schema', 'timeout', 'timeFrom', 'clock', ...SERVER_OPTIONS];

const SCHEMA = /^[a-z_][a-z0-9_]{0,39}$/;

/** {@link PostgresSchemaOptions} with their defaults. */
export interface PostgresSchemaSettings {
  readonly server: PostgresqlServer;
  readonly schema: string;
  readonly timeout: number;
  readonly timeFrom: 'store' | 'clock';
  readonly clock: Clock;
}

/** {@link PostgresSessionManagerOptions} with their defaults. */
export interface PostgresSessionSettings extends PostgresSchemaSettings {
  readonly lifetime: SessionLifetime;
}

/** @throws ConfigurationError with every problem */
export function checkOptions(options: PostgresSessionManagerOptions): PostgresSessionSettings {
  const lifetime = new SessionLifetime(options, SCHEMA_OPTIONS);
  return { ...checkSchemaOptions('postgresSessionManager', options), lifetime };
}

/**
 * @param factory - whose options they are
 * @param others - what is wrong with the rest of them
 * @throws ConfigurationError with every problem
 */
export function checkSchemaOptions(
  factory: string,
  options: PostgresSchemaOptions & PostgresLocation,
  others: readonly string[] = [],
): PostgresSchemaSettings {
  const { schema = 'session_init', timeout = 4_000, timeFrom = 'store', clock = systemClock } = options;
  const located = withoutUrl(options);
  const problems = [
    ...others,
    ...('problem' in located ? [located.problem] : serverProblems(located.server)),
    typeof schema === 'string' && SCHEMA.test(schema) ? '' : 'schema must be of lower-case letters, digits and _.',
    millisecondsProblem('timeout', timeout),
    ['store', 'clock'].includes(timeFrom) ? '' : 'timeFrom must be store or clock.',
  ].filter((problem) => problem !== '');
  if ('problem' in located || problems.length > 0) {
    throw new ConfigurationError(`${factory} cannot work: ${problems.join(' ')}`, { problems });
  }
  const server = withServerDefaults({ maxQueued: 2_000, ...located.server });
  return { server, schema, timeout, timeFrom, clock };
}
