import { BackendFaultError, DeadlineExceededError, SessionInitError } from '../../../model/errors.js';

const UNTRUSTED = "The server's certificate is not signed by a CA that is trusted. Give the CA's in ca.";

/** What to do, by the code of Node's error or PostgreSQL's. */
const REMEDIES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Nothing listens there. Is the server running?',
  ENOENT: 'There is no such socket. Is the server running?',
  ENOTFOUND: 'There is no host of that name. Check host.',
  EAI_AGAIN: 'The name of the host could not be looked up.',
  CERT_HAS_EXPIRED: "The server's certificate has expired. Renew it.",
  CERT_NOT_YET_VALID: "The server's certificate is not valid yet. Check both clocks.",
  ERR_TLS_CERT_ALTNAME_INVALID: "The server's certificate is for another host. Use its name as host.",
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  CERT_SIGNATURE_FAILURE: UNTRUSTED,
  '28P01': 'It does not take user and password.',
  '28000': 'It does not let user in from here: see its pg_hba.conf.',
  '3D000': 'There is no database of that name.',
  '53300': 'It has no connection left. Lower maxConnections, or raise its max_connections.',
  '57P03': 'It is starting, or going down.',
  '42501': 'user may not read that. Grant it SELECT.',
  '42P01': 'There is no such table. Check the statement and the search_path of user.',
  '42703': 'There is no such column. Check the statement.',
  '42601': 'The statement is no valid SQL.',
  '25006': 'The query writes, which it must not.',
};

/** What to do, by what `pg` says where it has no code. */
const REMEDIES_BY_TEXT: readonly (readonly [RegExp, string])[] = [
  [/connection timeout|when trying to connect/, 'It took longer than connectTimeout.'],
  [/does not support SSL/, 'It does not speak TLS.'],
];

/**
 * The parameter cannot be what it is compared with: no integer, no UUID, or it has a character that the encoding of the
 * database lacks. So nobody has that name.
 */
const NO_SUCH_VALUE = new Set(['22P02', '22003', '22007', '22008']);
const NO_SUCH_CHARACTER = new Set(['22P05', '22021']);
const QUERY_CANCELED = '57014';

/** Whether PostgreSQL says that there can be nobody of the asserted name. */
export function isImpossibleName(error: unknown): boolean {
  const { code, where } = error as { code?: unknown; where?: unknown };
  if (typeof code !== 'string') return false;
  // It is said of the parameter, and not of a value in the table.
  return NO_SUCH_CHARACTER.has(code) || (NO_SUCH_VALUE.has(code) && String(where).includes('$1'));
}

/** Why there is no answer. What the server or the system said about it is the cause. */
export function postgresqlFault(name: string, error: unknown): SessionInitError {
  if (error instanceof SessionInitError) return error;
  const { code, message } = error as { code?: unknown; message?: unknown };
  const cause = withoutRows(error);
  if (code === QUERY_CANCELED) {
    return new DeadlineExceededError(`${name} had its statement cancelled by PostgreSQL. Is there an index for it?`, {
      cause,
    });
  }
  const byText = REMEDIES_BY_TEXT.find(([text]) => text.test(String(message)))?.[1];
  const remedy = REMEDIES[String(code)] ?? byText ?? 'The connection or the statement failed.';
  return new BackendFaultError(`${name} has no answer from PostgreSQL. ${remedy}`, { cause });
}

/** An error of PostgreSQL can have the whole row in its details, the hash included. */
function withoutRows(error: unknown): unknown {
  if (!(error instanceof Error) || !('severity' in error)) return error;
  const { name, message, code } = error as NodeJS.ErrnoException;
  return Object.assign(new Error(message), { name, code });
}
