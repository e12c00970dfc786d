import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';

/** Below those that a system gives to whoever connects: one of these could be taken before the server is there. */
const LOWEST = 10_000;
/** Each of Jest's workers has so many of its own. */
const PORTS = 600;
const WORKERS = 16;
/** A server of a Redis Cluster listens on another one, too, which is greater by so much. */
const BUS = 10_000;

const worker = Number(process.env['JEST_WORKER_ID'] ?? 1) % WORKERS;
let latest = Math.floor(Math.random() * PORTS);

/** A port on 127.0.0.1 on which nobody listens, nor will before a server does that is started on it. */
export async function freePort(): Promise<number> {
  for (;;) {
    latest = (latest + 1) % PORTS;
    const port = LOWEST + worker * PORTS + latest;
    if ((await isFree(port)) && (await isFree(port + BUS))) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

/** Whether somebody listens on a port of 127.0.0.1. */
export async function accepts(port: number): Promise<boolean> {
  const socket = createConnection({ host: '127.0.0.1', port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
