import { BackendFaultError } from '../../model/errors.js';

const NOT_TRUSTED = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
];

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
  if (code !== undefined && NOT_TRUSTED.includes(code)) {
    return new BackendFaultError(`${where} has a certificate of a CA that is not trusted. Give its CA as ca.`, {
      cause,
    });
  }
  return new BackendFaultError(`${where} gave no answer${code === undefined ? '' : ` (${code})`}.`, { cause });
}

/** An error of the parser holds what was received, and that may be our own request, which a broken server sent back. */
function withoutReceived(error: unknown): unknown {
  if (!(error instanceof Error) || !('data' in error)) return error;
  const { name, message, code } = error as NodeJS.ErrnoException;
  return Object.assign(new Error(message), { name, code });
}
