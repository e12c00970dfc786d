import { BackendFaultError } from '../../model/errors.js';
import { isJsonObject } from '../../model/json.js';
import type { HttpClient } from '../http-client/http-client.js';
import { urlProblem } from '../http-client/url-problem.js';
import { fetchJson } from './fetch-json.js';

/** Options of {@link issuerEndpoint}. */
export interface IssuerEndpointOptions {
  /** The name of the authenticator, for error messages. */
  name: string;
  issuer: string;
  /** What the endpoint is called in the issuer's metadata. */
  property: 'jwks_uri' | 'introspection_endpoint';
  http: HttpClient;
  allowPlaintext?: boolean | undefined;
}

/** Where an endpoint of an issuer is. */
export interface IssuerEndpoint {
  /** Asks the issuer, once for all who want to know. @throws BackendFaultError if it does not say */
  url(): Promise<string>;
  /** It is not there any more: the issuer is asked again. */
  forget(): void;
}

const NO_SIGNAL = new AbortController().signal;

/** Finds an endpoint by OpenID Connect Discovery. */
export function issuerEndpoint(options: IssuerEndpointOptions): IssuerEndpoint {
  const { name, issuer, property, http, allowPlaintext } = options;
  const metadataUrl = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  let asking: Promise<string> | undefined;

  async function ask(): Promise<string> {
    const answer = await fetchJson(name, http, metadataUrl, { signal: NO_SIGNAL });
    const metadata = isJsonObject(answer) ? answer : {};
    // Else whoever answers for one issuer could speak for another.
    if (metadata['issuer'] !== issuer) {
      throw new BackendFaultError(`${name}: the metadata of ${issuer} is another issuer's.`);
    }
    const url = metadata[property];
    const problem = urlProblem(`${property} of ${issuer}`, url, allowPlaintext);
    if (problem !== undefined) throw new BackendFaultError(`${name}: ${problem}`);
    return url as string;
  }

  return {
    url() {
      if (asking === undefined) {
        asking = ask();
        asking.catch(() => {
          asking = undefined;
        });
      }
      return asking;
    },
    forget() {
      asking = undefined;
    },
  };
}
