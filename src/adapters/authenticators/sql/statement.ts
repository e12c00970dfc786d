/** What the two databases differ in. */
export type Dialect = 'postgresql' | 'sqlite';

/** What a placeholder in it is none: texts, quoted names, comments. */
const NO_CODE = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\//g;

/**
 * What is wrong with the placeholders of a statement. libsql takes the wrong number of parameters without a word, and what
 * is not bound is NULL there.
 */
export function statementProblem(option: string, statement: unknown, dialect: Dialect, parameters: number): string {
  if (typeof statement !== 'string' || statement.trim() === '') return `${option} must be a statement in SQL.`;
  const code = statement.replaceAll(NO_CODE, ' ');
  const numbers = Array.from({ length: parameters }, (_, index) => index + 1);
  if (dialect === 'sqlite') {
    const isRight = code.split('?').length === parameters + 1 && !/\?\d|[:@$]\w/.test(code);
    return isRight ? '' : `${option} must have ${parameters} of the placeholder ?, and no other.`;
  }
  const found = new Set([...code.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number)));
  const isRight = found.size === parameters && numbers.every((number) => found.has(number));
  const wanted = numbers.map((number) => `$${number}`).join(', ');
  return isRight ? '' : `${option} must have the placeholder${parameters > 1 ? 's' : ''} ${wanted}, and no other.`;
}

/**
 * The query that stops at a second row: it is known then that the name is ambiguous, and a pattern that finds the whole
 * table does not bring it here. In parentheses only a query can stand, so nothing else is run.
 */
export function atMostTwo(query: string): string {
  return `SELECT * FROM (\n${query.replace(/[;\s]+$/, '')}\n) AS found LIMIT 2`;
}

/** The column of {@link countedToTwo}. */
export const ROW_COUNT = 'session-init row count';

/**
 * The same for SQLite, as one row in any case: how many rows there are, two at most, and beside it the values of one of them,
 * or NULL. So the first row, which packages find much faster than all, is enough to know whether there is a second.
 */
export function countedToTwo(query: string): string {
  return `SELECT *, count(*) AS "${ROW_COUNT}" FROM (\n${atMostTwo(query)}\n)`;
}
