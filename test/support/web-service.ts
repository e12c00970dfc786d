import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';

/** A request as the service got it. */
export interface Received {
  method: string | undefined;
  path: string | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

/** What the service answers; `undefined`: nothing, ever. */
export type Answer =
  | { status?: number; headers?: Record<string, string>; body?: string | Uint8Array; json?: unknown }
  | undefined;

/** A real HTTP server on 127.0.0.1 that answers what it is told. */
export interface WebService {
  readonly port: number;
  readonly origin: string;
  readonly received: readonly Received[];
  /** How many connections are open. */
  connections(): Promise<number>;
  /** Ends every connection and stops to listen. */
  stop(): Promise<void>;
}

/**
 * @param answer - called with each request when all of it is there
 * @param tls - options of `node:https`; without them it speaks plain HTTP
 * @param port - 0 for any that is free
 */
export async function webService(
  answer: (request: Received) => Answer | Promise<Answer>,
  tls?: ServerOptions,
  port = 0,
): Promise<WebService> {
  const received: Received[] = [];
  const listener: RequestListener = async (request, response) => {
    const { method, url, headers } = request;
    request.on('error', () => {});
    const chunks = await request.toArray().catch(() => []);
    const got = { method, path: url, headers, body: Buffer.concat(chunks).toString() };
    received.push(got);
    const said = await answer(got);
    if (said === undefined) return;
    const json = 'json' in said ? { 'content-type': 'application/json' } : {};
    response.writeHead(said.status ?? 200, { ...json, ...said.headers });
    response.end('json' in said ? JSON.stringify(said.json) : said.body);
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  return {
    port: address.port,
    origin: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${address.port}`,
    received,
    connections: () =>
      new Promise((resolve, reject) =>
        server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
      ),
    async stop() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
