import type { SessionEndCause } from '../../ports.js';

/** So many ids fit into the 8000 bytes of a notification, whatever they are. */
const IDS_AT_ONCE = 400;

/** The channel on which the nodes tell each other what they end. */
export function channelOf(schema: string): string {
  return `${schema}_ended`;
}

/**
 * A statement that removes rows, and tells of it as soon as that is committed. Nothing is told where nothing is removed: a
 * transaction that tells something waits for all others that do.
 *
 * @param removal - a `DELETE` that returns an id
 */
export function tellingOf(removal: string, cause: SessionEndCause, schema: string): string {
  const payload = `'${cause} ' || :node || ' ' || string_agg(id::text, ',')`;
  // What a statement begins with can only be named at its very beginning.
  const [, names = '', rest] = /^WITH ([\s\S]*?)\s(DELETE [\s\S]*)$/.exec(removal) ?? [undefined, '', removal];
  return `WITH ${names && `${names}, `}removed AS (${rest}),
    told AS (SELECT pg_notify('${channelOf(schema)}', ${payload})
      FROM (SELECT id, row_number() OVER () / ${IDS_AT_ONCE} AS part FROM removed) AS parts GROUP BY part)
    SELECT removed.* FROM removed CROSS JOIN (SELECT count(*) FROM told) AS all_told`;
}

/** What another node has told. */
export interface ToldEnd {
  readonly node: string;
  readonly cause: SessionEndCause;
  readonly ids: readonly number[];
}

const TOLD = /^(removed|expired|evicted) ([\w-]+) ([1-9]\d*(?:,[1-9]\d*)*)$/;

/** @returns undefined for what is none: everybody who may use the database can say something on the channel */
export function readToldEnd(payload: unknown): ToldEnd | undefined {
  const [, cause, node, ids] = TOLD.exec(String(payload)) ?? [];
  if (cause === undefined || node === undefined || ids === undefined) return undefined;
  return { node, cause: cause as SessionEndCause, ids: ids.split(',').map(Number) };
}
