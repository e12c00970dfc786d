import type { Clock } from '../../../model/clock.js';
import { abortableOf } from '../../../model/lazy-signal.js';
import type { CallOptions } from '../../ports.js';
import { type Client, connections } from '../../postgres-client/connections.js';
import type { Remedies } from '../../postgres-client/postgresql-fault.js';
import type { PostgresqlServer } from '../../postgres-client/server-options.js';
import { isImpossibleName } from './impossible-name.js';
import { postgresqlTypes } from './postgresql-types.js';
import { atMostTwo } from './statement.js';
import { tooManyRows } from './too-many-rows.js';
import type { FoundUser, UserTable } from './user-table.js';

/** What a table in PostgreSQL is opened with. */
export interface PostgresqlTableOptions extends PostgresqlServer {
  readonly name: string;
  readonly query: string;
  readonly upgrade?: string;
  readonly timeout: number;
  readonly idleTimeout?: number;
  readonly clock: Clock;
}

const NOBODY: FoundUser = { row: undefined, isAmbiguous: false, columns: undefined };

const REMEDIES: Remedies = {
  '57014': 'Is there an index for it?',
  '42501': 'user may not read that. Grant it SELECT.',
  '42P01': 'There is no such table. Check the statement and the search_path of user.',
  '42703': 'There is no such column. Check the statement.',
  '42601': 'The statement is no valid SQL.',
  '25006': 'The query writes, which it must not.',
};

/** A table in PostgreSQL: a bounded pool of connections that are made as they are needed, and dropped as they fail. */
export function postgresqlTable(options: PostgresqlTableOptions): UserTable {
  const { name, timeout } = options;
  const text = atMostTwo(options.query);
  const { use, close } = connections({
    ...options,
    neededBy: `The authenticator ${name}`,
    // Times without a zone are in UTC. It can only read, unless a transaction says otherwise.
    settings: { statement_timeout: timeout, timezone: 'UTC', datestyle: 'ISO', default_transaction_read_only: 'on' },
    types: postgresqlTypes,
    remedies: REMEDIES,
  });

  function onConnection<Result>(
    options: CallOptions,
    run: (client: Client) => Promise<Result>,
    isHarmless: (error: unknown) => boolean,
  ): Promise<Result> {
    const caller = abortableOf(options);
    return use({ caller, deadline: caller }, run, isHarmless);
  }

  return {
    async find(username, callOptions) {
      try {
        const { rows, fields } = await onConnection(
          callOptions,
          (client) => client.query({ name: 'session-init-user', text, values: [username] }),
          isImpossibleName,
        );
        return { row: rows[0], isAmbiguous: rows.length > 1, columns: fields.map((field) => field.name) };
      } catch (error) {
        if (isImpossibleName(error)) return NOBODY;
        throw error;
      }
    },

    async changeHash({ username, from, to }, callOptions) {
      const upgrade = { text: options.upgrade ?? '', values: [to, username, from] };
      await onConnection(
        callOptions,
        async (client) => {
          await client.query({ text: 'BEGIN READ WRITE' });
          const { rowCount } = await client.query(upgrade);
          if ((rowCount ?? 0) > 1) throw tooManyRows(name, rowCount);
          await client.query({ text: 'COMMIT' });
        },
        () => false,
      );
    },

    close,
  };
}
