/** By their OIDs: booleans, numbers that are exact or meant not to be, JSON, texts, and arrays of these. */
const PARSED = new Set([16, 21, 23, 26, 700, 701, 114, 3802, 1000, 1005, 1007, 1009, 1015, 1021, 1022, 199, 3807]);

const asText = (text: string): string => text;

/**
 * How values are read: `bigint` and `numeric` stay texts, since a number could not hold them, and so do times, which `pg`
 * would take for local ones.
 */
export function postgresqlTypes({ types }: typeof import('pg')): import('pg').Types {
  return {
    getTypeParser: (oid) => (PARSED.has(oid) ? types.getTypeParser(oid, 'text') : asText),
  };
}
