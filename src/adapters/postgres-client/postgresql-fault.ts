import { BackendFaultError, DeadlineExceededError, SessionInitError } from '../../model/errors.js';
import { connectionRemedies } from '../connection-remedies.js';

/** What to do, by the code of Node's error or PostgreSQL's. */
export type Remedies = Readonly<Record<string, string>>;

const REMEDIES: Remedies = {
  ...connectionRemedies('host'),
  ENOENT: 'There is no such socket. Is the server running?',
  '28P01': 'It does not take user and password.',
  '28000': 'It does not let user in from here: see its pg_hba.conf.',
  '3D000': 'There is no database of that name.',
  '53300': 'It has no connection left. Lower maxConnections, or raise its max_connections.',
  '57P01': 'It is going down.',
  '57P03': 'It is starting, or going down.',
};

/** What to do, by what `pg` says where it has no code. */
const REMEDIES_BY_TEXT: readonly (readonly [RegExp, string])[] = [
  [/^timeout expired$/, 'It took longer than connectTimeout.'],
  [/does not support SSL/, 'It does not speak TLS.'],
];

const QUERY_CANCELED = '57014';

/** Whether the server has answered that the statement failed, so that nothing came of it. */
export function isRefusedByServer(error: unknown): boolean {
  return error instanceof Error && 'severity' in error;
}

/**
 * Why there is no answer. What the server or the system said about it is the cause.
 *
 * @param remedies - what to do in the caller's own terms
 */
export function postgresqlFault(name: string, error: unknown, remedies: Remedies): SessionInitError {
  if (error instanceof SessionInitError) return error;
  const { code, message } = error as { code?: unknown; message?: unknown };
  const cause = withoutRows(error);
  if (code === QUERY_CANCELED) {
    const why = remedies[QUERY_CANCELED] ?? '';
    return new DeadlineExceededError(`${name} had its statement cancelled by PostgreSQL. ${why}`.trimEnd(), { cause });
  }
  const byText = REMEDIES_BY_TEXT.find(([text]) => text.test(String(message)))?.[1];
  const remedy =
    remedies[String(code)] ?? REMEDIES[String(code)] ?? byText ?? 'The connection or the statement failed.';
  return new BackendFaultError(`${name} has no answer from PostgreSQL. ${remedy}`, { cause });
}

/** An error of PostgreSQL can have the whole row in its details, the hash included. */
function withoutRows(error: unknown): unknown {
  if (!isRefusedByServer(error)) return error;
  const { name, message, code } = error as NodeJS.ErrnoException;
  return Object.assign(new Error(message), { name, code });
}
