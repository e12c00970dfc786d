/**
 * The parameter cannot be what it is compared with: no integer, no UUID, or it has a character that the encoding of the
 * database lacks. So nobody has that name.
 */
const NO_SUCH_VALUE = new Set(['22P02', '22003', '22007', '22008']);
const NO_SUCH_CHARACTER = new Set(['22P05', '22021']);

/** Whether PostgreSQL says that there can be nobody of the asserted name. */
export function isImpossibleName(error: unknown): boolean {
  const { code, where } = error as { code?: unknown; where?: unknown };
  if (typeof code !== 'string') return false;
  // It is said of the parameter, and not of a value in the table.
  return NO_SUCH_CHARACTER.has(code) || (NO_SUCH_VALUE.has(code) && String(where).includes('$1'));
}
