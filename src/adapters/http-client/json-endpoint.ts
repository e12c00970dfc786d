import { systemClock } from '../../model/clock.js';
import { BackendFaultError, ConfigurationError, OverloadedError } from '../../model/errors.js';
import { unknownOptions } from '../../model/known-options.js';
import type { HasSignal } from '../../model/lazy-signal.js';
import { newId } from '../../model/new-id.js';
import type { Secret } from '../../model/secret.js';
import { type HttpAnswer, httpClient } from './http-client.js';
import { HTTP_CLIENT_OPTIONS, type HttpClientOptions, httpClientProblems, textOf } from './options.js';
import { retryAfterOf } from './retry-after.js';
import { urlProblem } from './url-problem.js';

/** Options of an adapter that asks one URL, JSON for JSON. */
export interface JsonEndpointOptions extends HttpClientOptions {
  /** Where to ask: `https://auth.example.com/check`. */
  url: string;
  /** Sent as `Authorization: Bearer …`. @defaultValue none */
  token?: Secret | string;
}

/** One URL that is asked by POST. */
export interface JsonEndpoint {
  /**
   * @param body - the JSON that is sent
   * @throws OverloadedError if the server has too much to do (429), or too many calls wait for a connection
   * @throws whatever {@link HttpClient.request} does
   */
  post(body: string, caller: HasSignal, headersOf?: HeadersOf): Promise<JsonAnswer>;
  close(): Promise<void>;
}

/** Headers that depend on the id of the request. */
type HeadersOf = (id: string) => Readonly<Record<string, string>>;

/** What was answered, but to 429. */
export interface JsonAnswer {
  readonly status: number;
  /** The body; undefined if it is no JSON. */
  readonly json: unknown;
  /** The fault that this answer is. `problem` goes on from `It answered`, and holds nothing of the answer itself. */
  fault(problem: string): BackendFaultError;
}

/** What an adapter has beside {@link JsonEndpointOptions}. */
export interface OwnOptions {
  /** The function that takes the options, for messages. */
  readonly adapter: string;
  /** The names of its own ones. */
  readonly options: readonly string[];
  /** What is wrong with those. */
  readonly problems: readonly string[];
}

/**
 * Opens the endpoint of an adapter.
 *
 * @param name - the adapter's name, for messages
 * @throws ConfigurationError with every problem
 */
export function jsonEndpoint(name: string, options: JsonEndpointOptions, own: OwnOptions): JsonEndpoint {
  const problems = [
    ...unknownOptions(own.adapter, options, [...own.options, 'url', 'token', ...HTTP_CLIENT_OPTIONS]),
    urlProblem('url', options.url, options.allowPlaintext) ?? [],
    tokenProblem(options.token) ?? [],
    typeof name === 'string' && name !== '' ? [] : 'name must be a text that is not empty.',
    ...own.problems,
    ...httpClientProblems(options),
  ].flat();
  if (problems.length > 0) throw new ConfigurationError(`${name} cannot work: ${problems.join(' ')}`, { problems });

  const { url, token, clock = systemClock } = options;
  const { origin } = new URL(url);
  const client = httpClient(name, options);
  const headers = {
    'content-type': 'application/json',
    ...(token !== undefined && { authorization: `Bearer ${textOf(token)}` }),
  };

  return {
    async post(body, caller, headersOf) {
      const id = newId();
      const answer = await client.request(
        url,
        { method: 'POST', headers: { ...headers, 'x-request-id': id, ...headersOf?.(id) }, body },
        caller,
      );
      const fault = (problem: string) => new BackendFaultError(`${name}: ${origin} answered ${problem} (${id}).`);
      if (answer.status === 429) {
        throw new OverloadedError(`${name}: ${origin} has too much to do.`, {
          retryAfter: retryAfterOf(answer, clock),
        });
      }
      return { status: answer.status, json: jsonOf(answer), fault };
    },
    close: () => client.close(),
  };
}

function tokenProblem(token: Secret | string | undefined): string | undefined {
  if (token === undefined) return undefined;
  const text: unknown = textOf(token);
  // What is no part of a token, such as a line break at its end, would break the header, or be another header.
  if (typeof text === 'string' && /^[!-~]+$/.test(text)) return undefined;
  return 'token must be of visible ASCII characters, with no space or line break in it.';
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The parser's own error is not kept: it quotes what it could not read, and a broken server may send back a secret. */
function jsonOf({ body }: HttpAnswer): unknown {
  try {
    return JSON.parse(utf8.decode(body));
  } catch {
    return undefined;
  }
}
