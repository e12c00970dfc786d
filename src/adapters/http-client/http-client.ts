import { systemClock } from '../../model/clock.js';
import {
  BackendFaultError,
  ClosedError,
  ConfigurationError,
  OverloadedError,
  SessionInitError,
} from '../../model/errors.js';
import { type HasSignal, LazyAbortController } from '../../model/lazy-signal.js';
import { Slots } from '../../model/slots.js';
import { connectionFault } from './connection-fault.js';
import { connectionPools } from './connection-pools.js';
import type { HttpClientOptions } from './options.js';
import { type Abandonment, untilAbandoned } from './until-abandoned.js';
import { goesInClear } from './url-problem.js';

/** A request, as it is sent. */
export interface HttpRequest {
  method: 'GET' | 'HEAD' | 'POST';
  headers?: Readonly<Record<string, string>>;
  body?: string;
}

/** An answer, whatever its status. A redirect is one like any other. */
export interface HttpAnswer {
  status: number;
  /** By lower-case name. */
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** All of it. */
  body: Uint8Array;
}

/** The part of `fetch` that jose and oauth4webapi use. */
export interface FetchRequest {
  method?: string;
  headers?: Headers | Record<string, string>;
  body?: URLSearchParams | string | null | undefined;
  signal?: AbortSignal | null | undefined;
}

/** Speaks HTTP/1.1 over a bounded number of connections that are kept and used again. */
export interface HttpClient {
  /**
   * Sends a request, once.
   *
   * @param options.signal - aborted when nobody waits for the answer any more
   * @throws BackendFaultError if there is no answer that is one of HTTP, or it is too long
   * @throws DeadlineExceededError if all of it is not there in time
   * @throws OverloadedError if too many calls wait for a connection
   * @throws ClosedError after `close()`
   * @throws MissingPackageError if undici is not installed
   * @throws ConfigurationError if it would go in clear over the network, and that is not allowed
   */
  request(url: string, request: HttpRequest, options: HasSignal): Promise<HttpAnswer>;
  /** The same in the shape of `fetch`, to be the `customFetch` of a library. The body is there when it resolves. */
  fetch(url: string, request?: FetchRequest): Promise<Response>;
  /** Ends every connection. Calls that are under way fail. */
  close(): Promise<void>;
}

/** Where a request goes. */
interface Target {
  readonly url: string;
  readonly origin: string;
  readonly path: string;
  /** What it is called in messages: any other part of the URL may be a token. */
  readonly where: string;
  /** Whether it could be read on its way. */
  readonly inClear: boolean;
}

const NO_TARGET: Target = { url: '', origin: '', path: '', where: '', inClear: true };
const NO_SIGNAL = new AbortController().signal;
/** Statuses with which a `Response` must have no body. */
const BODILESS = [204, 205, 304];

/**
 * The HTTP client of an adapter. It follows no redirect, takes no proxy from the environment, verifies the server's
 * certificate whatever the environment says, and sends nothing twice.
 *
 * @param name - the adapter's name, for messages
 * @param options - with no {@link httpClientProblems}
 */
export function httpClient(name: string, options: HttpClientOptions): HttpClient {
  const {
    clock = systemClock,
    allowPlaintext = false,
    timeout = 4_000,
    maxConnections = 64,
    maxQueued = 200,
  } = options;
  const pools = connectionPools(name, options, { clock, timeout, maxConnections });
  const places = new Slots(maxConnections);
  let target = NO_TARGET;
  let isClosed = false;

  function request(url: string, request: HttpRequest, caller: HasSignal) {
    // Most adapters ask one URL alone.
    if (target.url !== url) target = parseTarget(name, url);
    const { where, origin, path, inClear } = target;
    return untilAbandoned(where, { clock, timeout, caller }, async (signal) => {
      if (isClosed) throw new ClosedError(name);
      if (inClear && !allowPlaintext) {
        throw new ConfigurationError(`${where} must be https://, unless allowPlaintext is set.`);
      }
      if (!places.take()) await waitForPlace(signal);
      try {
        const pool = pools.to(origin) ?? (await pools.open(origin));
        if (isClosed) throw new ClosedError(name);
        const answer = await pool.request({ ...request, path, signal });
        return { status: answer.statusCode, headers: answer.headers, body: await answer.body.bytes() };
      } catch (cause) {
        if (isClosed) throw new ClosedError(name);
        throw cause instanceof SessionInitError ? cause : connectionFault(where, cause);
      } finally {
        places.release();
      }
    });
  }

  async function waitForPlace(abandonment: Abandonment): Promise<void> {
    if (places.waiting < maxQueued) {
      const waiting = new LazyAbortController();
      abandonment.once('abort', () => waiting.abort(abandonment.reason));
      return places.acquire(waiting);
    }
    throw new OverloadedError(`${name} has ${maxQueued} calls that wait for a connection already. Try again later.`);
  }

  return {
    request,

    async fetch(url, { method = 'GET', headers = {}, body, signal } = {}) {
      const answer = await request(
        url,
        {
          method: method as HttpRequest['method'],
          headers: Object.fromEntries(new Headers(headers)),
          ...(body != null && { body: String(body) }),
        },
        { signal: signal ?? NO_SIGNAL },
      );
      const pairs = Object.entries(answer.headers).flatMap(([key, value]) =>
        [value ?? []].flat().map((item): [string, string] => [key, item]),
      );
      try {
        const { status } = answer;
        return new Response(BODILESS.includes(status) ? null : new Uint8Array(answer.body), { status, headers: pairs });
      } catch (cause) {
        throw new BackendFaultError(`${name} got an answer that is none of HTTP: status ${answer.status}.`, { cause });
      }
    },

    async close() {
      isClosed = true;
      await pools.destroy(new ClosedError(name));
    },
  };
}

function parseTarget(name: string, url: string): Target {
  const parsed = new URL(url);
  const { origin, pathname, search } = parsed;
  return { url, origin, path: pathname + search, where: `${name}: ${origin}`, inClear: goesInClear(parsed) };
}
