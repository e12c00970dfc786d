import { BackendFaultError } from '../../../model/errors.js';
import { isJsonObject } from '../../../model/json.js';
import type { HttpClient } from '../../http-client/http-client.js';
import { urlProblem } from '../../http-client/url-problem.js';

/** Options of {@link keySetFetcher}. */
export interface KeySetFetcherOptions {
  /** The name of the authenticator, for error messages. */
  name: string;
  issuer: string;
  /** Where the keys are, if the issuer is not to be asked. */
  jwksUri?: string | undefined;
  http: HttpClient;
  allowPlaintext?: boolean | undefined;
}

/**
 * Fetches an issuer's key set. Where it is is asked of the issuer (OpenID Connect Discovery) once, and again when it is
 * not there any more.
 */
export function keySetFetcher({ name, issuer, jwksUri, http, allowPlaintext }: KeySetFetcherOptions) {
  let discovered: string | undefined;

  async function getJson(url: string, options: { readonly signal: AbortSignal }): Promise<unknown> {
    const { status, body } = await http.request(
      url,
      { method: 'GET', headers: { accept: 'application/json' } },
      options,
    );
    if (status !== 200) throw new BackendFaultError(`${name}: ${url} answered with status ${status}.`);
    try {
      return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    } catch (cause) {
      throw new BackendFaultError(`${name}: ${url} answered with something else than JSON.`, { cause });
    }
  }

  async function discover(options: { readonly signal: AbortSignal }): Promise<string> {
    const metadata = await getJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, options);
    const found = isJsonObject(metadata) ? metadata : {};
    // Else whoever answers for one issuer could name the keys of another.
    if (found['issuer'] !== issuer)
      throw new BackendFaultError(`${name}: the metadata of ${issuer} is another issuer's.`);
    const problem = urlProblem(`jwks_uri of ${issuer}`, found['jwks_uri'], allowPlaintext);
    if (problem !== undefined) throw new BackendFaultError(`${name}: ${problem}`);
    return found['jwks_uri'] as string;
  }

  return async (options: { readonly signal: AbortSignal }): Promise<unknown> => {
    if (jwksUri !== undefined) return getJson(jwksUri, options);
    const url = discovered ?? (await discover(options));
    discovered = undefined;
    const keySet = await getJson(url, options);
    discovered = url;
    return keySet;
  };
}
