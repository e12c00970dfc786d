import { fetchJson } from '../../tokens/fetch-json.js';
import { type IssuerEndpointOptions, issuerEndpoint } from '../../tokens/issuer-endpoint.js';

/** Options of {@link keySetFetcher}. */
export interface KeySetFetcherOptions extends Omit<IssuerEndpointOptions, 'property'> {
  /** Where the keys are, if the issuer is not to be asked. */
  jwksUri?: string | undefined;
}

/** Fetches an issuer's key set. If it is not there, the issuer is asked again where it is. */
export function keySetFetcher(options: KeySetFetcherOptions) {
  const { name, http, jwksUri } = options;
  const endpoint = issuerEndpoint({ ...options, property: 'jwks_uri' });

  return async (call: { readonly signal: AbortSignal }): Promise<unknown> => {
    try {
      return await fetchJson(name, http, jwksUri ?? (await endpoint.url()), call);
    } catch (cause) {
      endpoint.forget();
      throw cause;
    }
  };
}
