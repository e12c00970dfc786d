import { type PositionalStatement, valuesOf, withQuestionMarks } from '../../sql-sessions/named-parameters.js';
import { type SqlOperation, type SqlParameters, sqlStatements } from '../../sql-sessions/statements.js';
import type { SqlRow } from '../../sql-sessions/stored-session.js';
import type { SqliteConnection, SqliteStatement } from '../../sqlite-driver/driver.js';
import { SQLITE } from './dialect.js';

interface Prepared extends PositionalStatement {
  readonly statement: SqliteStatement;
}

const READING: ReadonlySet<SqlOperation> = new Set(['findByHash', 'findById', 'listUser', 'listAll']);

/** For one row the drivers have a call that is twice as fast. */
const FINDING_MANY: ReadonlySet<SqlOperation> = new Set(['evictOldest', 'listUser', 'listAll', 'removeExpired']);

export function isWriting(operation: SqlOperation): boolean {
  return !READING.has(operation);
}

/** The sessions in a database. Every method is one synchronous step. */
export class SessionStore {
  readonly #connection: SqliteConnection;
  readonly #prepared: Readonly<Record<SqlOperation, readonly Prepared[]>>;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
    const prepare = (statement: string): Prepared => {
      const positional = withQuestionMarks(statement);
      return { ...positional, statement: connection.prepare(positional.text) };
    };
    const prepared = Object.entries(sqlStatements(SQLITE)).map(([operation, each]) => [operation, each.map(prepare)]);
    this.#prepared = Object.fromEntries(prepared);
  }

  /**
   * Runs an operation. One that writes is a transaction even where it is one statement: outside, the drivers do not report
   * that a statement which has returned its row could not be committed.
   */
  run(operation: SqlOperation, values: Readonly<Partial<SqlParameters>>): SqlRow[] {
    if (!isWriting(operation)) return this.#runStatements(operation, values);
    this.#connection.exec('BEGIN IMMEDIATE');
    try {
      const rows = this.#runStatements(operation, values);
      this.#connection.exec('COMMIT');
      return rows;
    } catch (cause) {
      this.#rollBack();
      throw cause;
    }
  }

  #runStatements(operation: SqlOperation, values: Readonly<Partial<SqlParameters>>): SqlRow[] {
    const rows: SqlRow[] = [];
    for (const prepared of this.#prepared[operation]) {
      const bound = valuesOf(prepared, values);
      if (FINDING_MANY.has(operation)) {
        for (const row of prepared.statement.all(bound)) rows.push(row);
      } else {
        const row = prepared.statement.get(bound);
        if (row !== undefined) rows.push(row);
      }
    }
    return rows;
  }

  /** SQLite has rolled back already where the disk was full, and says that there is nothing to roll back. */
  #rollBack(): void {
    try {
      this.#connection.exec('ROLLBACK');
    } catch {}
  }

  /** When a session was last used, in milliseconds since the epoch; 0 if there is none. */
  latestUse(): number {
    const row = this.#connection.prepare('SELECT max(last_accessed) AS latest FROM session').get([]);
    return (row?.['latest'] ?? 0) as number;
  }

  close(): void {
    try {
      // So that the file is whole by itself: libsql leaves the log in place when it closes.
      this.#connection.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get([]);
    } catch {
      // The log stays, and nothing is lost: whoever opens the database next reads it.
    }
    this.#connection.close();
  }
}
