import { USE_IS_INDEXED_PER, userKey } from './dialect.js';
import { guessSchema } from './guess-schema.js';
import { creationFunctions } from './statements.js';

/**
 * What makes the schema, by version: the first makes the first. One that was released never changes; what changes in it,
 * the statements of the functions too, takes a new one.
 *
 * Why it is as it is, is told in docs/adapters/postgres.md.
 */
export function migrations(schema: string): readonly string[] {
  return [
    `
    CREATE TABLE "${schema}".migration (
      version integer PRIMARY KEY,
      applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
    );
    CREATE TABLE "${schema}".session (
      id bigint GENERATED ALWAYS AS IDENTITY (MAXVALUE ${Number.MAX_SAFE_INTEGER} NO CYCLE) PRIMARY KEY,
      created bigint NOT NULL,
      last_accessed bigint NOT NULL,
      used_minute integer NOT NULL GENERATED ALWAYS AS (last_accessed / ${USE_IS_INDEXED_PER}) STORED,
      secret_hash bytea NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
      "user" bytea NOT NULL,
      ip_address text NOT NULL
    ) WITH (
      fillfactor = 85,
      autovacuum_vacuum_scale_factor = 0.05,
      autovacuum_vacuum_insert_scale_factor = 0.2,
      autovacuum_analyze_scale_factor = 0.1,
      autovacuum_vacuum_cost_delay = 0
    );
    CREATE INDEX session_of_user ON "${schema}".session (${userKey('"user"')}, id);
    CREATE INDEX session_created ON "${schema}".session (created);
    CREATE INDEX session_used_minute ON "${schema}".session (used_minute);
    ${creationFunctions(schema)}
    `,
    guessSchema(schema),
  ];
}
