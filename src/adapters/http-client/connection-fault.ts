import { BackendFaultError } from '../../model/errors.js';
import { connectionRemedies } from '../connection-remedies.js';

const REMEDIES = connectionRemedies('the URL');

/**
 * The fault of a server of which no answer could be had.
 *
 * @param where - the adapter and the URL, without what could be a token
 */
export function connectionFault(where: string, error: unknown): BackendFaultError {
  const { name, code } = error as NodeJS.ErrnoException;
  const cause = withoutReceived(error);
  if (name === 'HTTPParserError') {
    return new BackendFaultError(`${where} answers something else than HTTP.`, { cause });
  }
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') {
    return new BackendFaultError(`${where} answers more than maxResponseBytes.`, { cause });
  }
  const [why, remedy = ''] = code === undefined ? [''] : [` (${code})`, REMEDIES[code]];
  return new BackendFaultError(`${where} gave no answer${why}. ${remedy}`.trimEnd(), { cause });
}

/** An error of the parser holds what was received, and that may be our own request, which a broken server sent back. */
function withoutReceived(error: unknown): unknown {
  if (!(error instanceof Error) || !('data' in error)) return error;
  const { name, message, code } = error as NodeJS.ErrnoException;
  return Object.assign(new Error(message), { name, code });
}
