import { BackendFaultError } from '../../model/errors.js';
import type { HttpClient } from '../http-client/http-client.js';

/**
 * Fetches what an issuer publishes.
 *
 * @param name - the name of the authenticator, for error messages
 * @throws BackendFaultError if there is no answer, or it is no JSON
 */
export async function fetchJson(
  name: string,
  http: HttpClient,
  url: string,
  options: { readonly signal: AbortSignal },
): Promise<unknown> {
  const { status, body } = await http.request(url, { method: 'GET', headers: { accept: 'application/json' } }, options);
  if (status !== 200) throw new BackendFaultError(`${name}: ${url} answered with status ${status}.`);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw new BackendFaultError(`${name}: ${url} answered with something else than JSON.`, { cause });
  }
}
