import { unknownOptions } from '../../../model/known-options.js';
import { abortableOf } from '../../../model/lazy-signal.js';
import type { GuessStore } from '../../guess-store.js';
import { type HashedAttempt, KNOWN_FOR, leasedGuesses, MAX_KNOWN_ADDRESSES } from '../../leased-guesses.js';
import type { CallOptions } from '../../ports.js';
import { clearingOf } from './clear-guesses.js';
import { guessStatements } from './guess-schema.js';
import { checkSchemaOptions, type PostgresLocation, type PostgresSchemaOptions, SCHEMA_OPTIONS } from './options.js';
import { schemaConnection } from './schema-connection.js';

/** Options of {@link postgresGuessStore}. */
export type PostgresGuessStoreOptions = PostgresSchemaOptions & PostgresLocation;

/** A store of failed attempts that can be opened ahead of its first call. */
export interface PostgresGuessStore extends GuessStore {
  /**
   * Connects, and creates or migrates the schema, now rather than with the first attempt, so that a service learns at its
   * start whether the database can be used. Harmless if it is open; after a failure it can be called again.
   */
  open(): Promise<void>;
  probe(options: CallOptions): Promise<void>;
  close(): Promise<void>;
}

const NAME = 'postgres';

interface Row {
  readonly outcome: string;
  readonly at_known: boolean;
  readonly time: number;
}

/**
 * Counts failed attempts in PostgreSQL, where any number of nodes share them: for `throttle.store` of the orchestrator. Each
 * call is one statement. Names and addresses are kept as hashes only, and what is forgotten is cleared away.
 *
 * @throws ConfigurationError with every problem of the options. What is wrong with the database shows when it is opened.
 *
 * @example
 * ```ts
 * import { postgresGuessStore } from 'session-init/adapters/postgres';
 *
 * const throttle = { store: postgresGuessStore({ url: 'postgres://session_init@127.0.0.1/app' }) };
 * ```
 */
export function postgresGuessStore(options: PostgresGuessStoreOptions): PostgresGuessStore {
  const unknown = unknownOptions('postgresGuessStore', options, SCHEMA_OPTIONS);
  const { server, schema, timeout, timeFrom, clock } = checkSchemaOptions('postgresGuessStore', options, unknown);
  const part = 'The guess store postgres';
  const connection = schemaConnection({ name: NAME, part, server, schema, timeout, clock });
  const statements = guessStatements(schema);
  const now = () => (timeFrom === 'store' ? 0 : clock.now());
  const clear = clearingOf(connection, { schema, timeout, now, clock });

  async function run(
    operation: keyof typeof statements,
    { key, address }: HashedAttempt,
    values: readonly (string | number)[],
  ): Promise<Row | undefined> {
    connection.requireOpen();
    const all = [Buffer.from(key, 'base64url'), now(), Buffer.from(address, 'base64url'), KNOWN_FOR, ...values];
    const { rows } = await connection.call({ what: operation, timeout, ready: connection.ready }, (client) =>
      client.query({ ...statements[operation], values: all }),
    );
    clear();
    return rows[0] as Row | undefined;
  }

  return {
    name: NAME,

    async open() {
      connection.requireOpen();
      await connection.ready();
    },

    ...leasedGuesses({
      name: 'PostgreSQL',

      async reserve(attempt, id) {
        const { lease, maxFailures, maxFailuresAtKnown } = attempt.rules;
        const row = await run('reserve', attempt, [id, lease, maxFailures, maxFailuresAtKnown]);
        return { outcome: row?.outcome, atKnown: row?.at_known === true, time: row?.time ?? 0 };
      },

      async settle(attempt, { id, leaseEnds, atKnown }, verdict) {
        const { window, clearsOnSuccess, maxFailuresAtKnown } = attempt.rules;
        const most = maxFailuresAtKnown > 0 ? MAX_KNOWN_ADDRESSES : 0;
        await run('settle', attempt, [id, leaseEnds, String(atKnown), verdict, window, String(clearsOnSuccess), most]);
      },
    }),

    async probe(callOptions) {
      connection.requireOpen();
      const caller = abortableOf(callOptions);
      await connection.call({ what: 'probe', timeout, caller }, (client) => client.query({ text: 'SELECT' }));
    },

    close: connection.close,
  };
}
