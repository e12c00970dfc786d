import { BackendFaultError, DeadlineExceededError } from '../../../model/errors.js';
import { connectionRemedies } from '../../connection-remedies.js';

/** One server has failed, and another may do better. */
export class ServerFault extends BackendFaultError {}

const REMEDIES = connectionRemedies('url');

/** Why a server could not be talked to. What the server or the system said about it is the cause. */
export function connectionFault(url: string, cause: unknown): ServerFault {
  if (cause instanceof ServerFault) return cause;
  const { code } = cause as { code?: unknown };
  const late = cause instanceof DeadlineExceededError ? 'It took longer than connectTimeout.' : undefined;
  const reason = typeof code === 'string' ? (late ?? REMEDIES[code]) : undefined;
  return new ServerFault(`${url} cannot be talked to. ${reason ?? 'The connection failed.'}`, { cause });
}

/** What a search that is refused means, by its result code. */
const REFUSALS: Readonly<Record<number, string>> = {
  1: 'Does it want bindDn and bindPassword?',
  8: 'Use ldaps:// or startTls.',
  10: 'It refers to another server, which is not followed. Give one in url that holds the entries.',
  13: 'Use ldaps:// or startTls.',
  32: 'There is no such entry. Check the base.',
  34: 'That is no distinguished name. Check the base.',
  50: 'The account of bindDn may not search there.',
};

/** A server would not search. */
export function refusedSearch(name: string, base: string, cause: { readonly code: number }): BackendFaultError {
  const remedy = REFUSALS[cause.code] ?? 'See what the server logs about it.';
  return new BackendFaultError(`${name} was refused a search at ${base} with result ${cause.code}. ${remedy}`, {
    cause,
  });
}

/** None of the servers could be talked to. */
export function allFailed(name: string, faults: readonly ServerFault[]): BackendFaultError {
  const [only] = faults;
  const told = faults.map(({ message }) => message).join(' ');
  return new BackendFaultError(`${name} has no server that answers. ${told}`, {
    cause: faults.length === 1 ? only?.cause : new AggregateError(faults, 'Every server failed.'),
  });
}
