import { unknownOptions } from '../../../model/known-options.js';
import { abortableOf } from '../../../model/lazy-signal.js';
import { CLOCKS_APART, type UsedSteps } from '../../used-steps.js';
import { clearingOf } from './clear-guesses.js';
import { guessStatements } from './guess-schema.js';
import { checkSchemaOptions, type PostgresLocation, type PostgresSchemaOptions, SCHEMA_OPTIONS } from './options.js';
import { schemaConnection } from './schema-connection.js';

/** Options of {@link usedStepsInPostgres}. */
export type PostgresUsedStepsOptions = Omit<PostgresSchemaOptions, 'timeFrom'> & PostgresLocation;

/** What can be opened ahead of its first call. */
export interface PostgresUsedSteps extends UsedSteps {
  /** Connects, and creates or migrates the schema, now rather than with the first code. After a failure call it again. */
  open(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Remembers in PostgreSQL which one-time codes were used, so that each is taken once, whichever node it comes to: for
 * `usedSteps` of `totpAuthenticator`.
 *
 * @throws ConfigurationError with every problem of the options
 */
export function usedStepsInPostgres(options: PostgresUsedStepsOptions): PostgresUsedSteps {
  const known = SCHEMA_OPTIONS.filter((option) => option !== 'timeFrom');
  const unknown = unknownOptions('usedStepsInPostgres', options, known);
  const { server, schema, timeout, clock } = checkSchemaOptions('usedStepsInPostgres', options, unknown);
  const part = 'The store of used codes in postgres';
  const connection = schemaConnection({ name: 'postgres', part, server, schema, timeout, clock });
  const clear = clearingOf(connection, { schema, timeout, clock, now: () => 0 });
  const { claim } = guessStatements(schema);

  return {
    async open() {
      connection.requireOpen();
      await connection.ready();
    },

    async claim(key, step, expiresAt, callOptions) {
      connection.requireOpen();
      const caller = abortableOf(callOptions);
      // Not until a time of day: the database may have another one.
      const kept = Math.max(expiresAt - clock.now(), 0) + CLOCKS_APART;
      const { rowCount } = await connection.call(
        { what: 'claim', timeout, caller, ready: connection.ready },
        (client) => client.query({ ...claim, values: [key, step, kept] }),
      );
      clear();
      return rowCount === 1;
    },

    close: connection.close,
  };
}
