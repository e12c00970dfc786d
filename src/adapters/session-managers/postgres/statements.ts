import type { SessionEndCause } from '../../ports.js';
import type { SessionLimitPolicy } from '../../session-lifetime.js';
import { type PositionalStatement, replaceParameters, type SqlParameter } from '../../sql-sessions/named-parameters.js';
import { type SqlOperation, type SqlStatements, sqlStatements } from '../../sql-sessions/statements.js';
import { postgresDialect, userKey } from './dialect.js';
import { tellingOf } from './told-ends.js';

/** A statement that each connection prepares once. */
export interface PreparedStatement extends PositionalStatement {
  readonly name: string;
}

export type PreparedStatements = Readonly<Record<SqlOperation | 'removeByHashes', PreparedStatement>>;

/** The policies whose creation is more than one statement, or must be one of a user's at a time. */
const LIMITING = ['reuse', 'evictOldest', 'refuse'] as const satisfies readonly SessionLimitPolicy[];

const TYPES: Readonly<Record<string, string>> = {
  hash: 'bytea',
  hashes: 'bytea[]',
  user: 'bytea',
  ipAddress: 'text',
  node: 'text',
};

const CREATION_PARAMETERS = 'hash user ipAddress limit now createdSince usedSince node'.split(' ');

function typeOf(parameter: string): string {
  return TYPES[parameter] ?? 'bigint';
}

/** The statements as they are prepared: one for each operation, so that each is one round trip. */
export function preparedStatements(schema: string): PreparedStatements {
  const { table } = postgresDialect(schema);
  const removeByHashes = `DELETE FROM ${table} WHERE secret_hash = ANY(:hashes) RETURNING id`;
  const parameters = CREATION_PARAMETERS.map((parameter) => `:${parameter}`).join(', ');
  const creations = LIMITING.map((policy) => [
    policy,
    [`SELECT * FROM ${creationFunction(schema, policy)}(${parameters})`],
  ]);
  const texts: Record<string, readonly string[]> = {
    ...tellingStatements(schema),
    ...Object.fromEntries(creations),
    removeByHashes: [tellingOf(removeByHashes, 'removed', schema)],
  };
  const prepared = Object.entries(texts).map(([name, [text = '']]) => [name, prepare(`session-init-${name}`, text)]);
  return Object.fromEntries(prepared);
}

/** What the operations that end sessions tell of it. */
const ENDING: Readonly<Partial<Record<SqlOperation, SessionEndCause>>> = {
  evictOldest: 'evicted',
  remove: 'removed',
  removeExpired: 'expired',
};

function tellingStatements(schema: string): SqlStatements {
  const telling = Object.entries(sqlStatements(postgresDialect(schema))).map(([operation, texts]) => {
    const cause = ENDING[operation as SqlOperation];
    const told = texts.map((text) => (cause && text.includes('DELETE') ? tellingOf(text, cause, schema) : text));
    return [operation, told];
  });
  return Object.fromEntries(telling);
}

function prepare(name: string, statement: string): PreparedStatement {
  const parameters: string[] = [];
  const text = replaceParameters(statement, (parameter) => {
    if (!parameters.includes(parameter)) parameters.push(parameter);
    return `$${parameters.indexOf(parameter) + 1}::${typeOf(parameter)}`;
  });
  return { name, text, parameters: parameters as SqlParameter[] };
}

function creationFunction(schema: string, policy: (typeof LIMITING)[number]): string {
  return `"${schema}".create_${policy.toLowerCase()}`;
}

/**
 * A function for each limit policy, that creates a session in one call. It locks the user first: what its statements see is
 * taken when each of them begins, and so has in it all that was committed under that lock.
 */
export function creationFunctions(schema: string): string {
  const argument = (parameter: string) => `p_${parameter.toLowerCase()}`;
  const parameters = CREATION_PARAMETERS.map((parameter) => `${argument(parameter)} ${typeOf(parameter)}`).join(', ');
  const telling = tellingStatements(schema);
  return LIMITING.map((policy) => {
    const statements = telling[policy].map((text) => replaceParameters(text, argument));
    return `
      CREATE FUNCTION ${creationFunction(schema, policy)}(${parameters})
      RETURNS TABLE (id bigint, "user" bytea, ip_address text, created bigint, last_accessed bigint)
      LANGUAGE plpgsql AS $body$
      #variable_conflict use_column
      BEGIN
        PERFORM pg_advisory_xact_lock(${userKey(argument('user'))});
        ${statements.map((text) => `RETURN QUERY ${text};`).join('\n')}
      END $body$;`;
  }).join('\n');
}
