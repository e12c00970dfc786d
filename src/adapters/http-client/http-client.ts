import { systemClock } from '../../model/clock.js';
import {
  BackendFaultError,
  ClosedError,
  ConfigurationError,
  OverloadedError,
  SessionInitError,
} from '../../model/errors.js';
import { Slots } from '../../model/slots.js';
import { withDeadline } from '../../model/with-deadline.js';
import { connectionFault } from './connection-fault.js';
import { connectionPools } from './connection-pools.js';
import type { HttpClientOptions } from './options.js';
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
  request(url: string, request: HttpRequest, options: { readonly signal: AbortSignal }): Promise<HttpAnswer>;
  /** The same in the shape of `fetch`, to be the `customFetch` of a library. The body is there when it resolves. */
  fetch(url: string, request?: FetchRequest): Promise<Response>;
  /** Ends every connection. Calls that are under way fail. */
  close(): Promise<void>;
}

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
  let isClosed = false;

  function request(url: string, request: HttpRequest, { signal: caller }: { readonly signal: AbortSignal }) {
    const target = new URL(url);
    // Of the rest of it, any part may be a token.
    const where = `${name}: ${target.origin}`;
    return withDeadline(clock, timeout, where, async (deadline) => {
      if (isClosed) throw new ClosedError(name);
      if (!allowPlaintext && goesInClear(target)) {
        throw new ConfigurationError(`${where} must be https://, unless allowPlaintext is set.`);
      }
      const signal = AbortSignal.any([caller, deadline.signal]);
      signal.throwIfAborted();
      if (!places.take()) await waitForPlace(signal);
      try {
        return await exchange(target, request, signal);
      } catch (cause) {
        if (isClosed) throw new ClosedError(name);
        signal.throwIfAborted();
        throw cause instanceof SessionInitError ? cause : connectionFault(where, cause);
      } finally {
        places.release();
      }
    });
  }

  async function exchange({ origin, pathname, search }: URL, request: HttpRequest, signal: AbortSignal) {
    const pool = await pools.to(origin);
    if (isClosed) throw new ClosedError(name);
    const answer = await pool.request({ ...request, path: pathname + search, signal });
    return { status: answer.statusCode, headers: answer.headers, body: await answer.body.bytes() };
  }

  async function waitForPlace(signal: AbortSignal): Promise<void> {
    if (places.waiting < maxQueued) return places.acquire({ signal });
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
