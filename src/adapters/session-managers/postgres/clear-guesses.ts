import type { Clock } from '../../../model/clock.js';
import { KNOWN_FOR } from '../../leased-guesses.js';
import { guessStatements } from './guess-schema.js';
import type { SchemaConnection } from './schema-connection.js';

/** Milliseconds between two clearances of one node. */
const CLEAR_EVERY = 60_000;
/** So many rows of a table at once: it is done in short steps. */
const AT_ONCE = 1_000;

/** What a clearance goes by. */
export interface Clearing {
  readonly schema: string;
  readonly timeout: number;
  readonly clock: Clock;
  /** The time; 0: that of the database. */
  now(): number;
}

/** @returns to be called now and then: it clears away what is forgotten, beside what its caller does */
export function clearingOf(connection: SchemaConnection, { schema, timeout, clock, now }: Clearing): () => void {
  const { clear } = guessStatements(schema);
  let clearedAt = clock.monotonic();

  async function clearAll(): Promise<void> {
    let cleared: unknown;
    do {
      const { rows } = await connection.call({ what: 'clear', timeout }, (client) =>
        client.query({ ...clear, values: [now(), KNOWN_FOR, AT_ONCE] }),
      );
      cleared = rows[0]?.['cleared'];
    } while (cleared === AT_ONCE);
  }

  return () => {
    if (clock.monotonic() - clearedAt < CLEAR_EVERY) return;
    clearedAt = clock.monotonic();
    // What could not be cleared away counts for nothing, and is there for the next time.
    clearAll().catch(() => {});
  };
}
