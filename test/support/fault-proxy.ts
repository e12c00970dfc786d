import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net';

/**
 * What happens to a connection, and to those that are there already:
 * - `pass`: it reaches the server behind
 * - `refuse`: it is reset at once
 * - `blackHole`: it is accepted, and nothing is ever said or passed on
 * - `dribble`: it reaches the server, whose answer comes byte by byte
 * - `garbage`: it gets bytes that mean nothing
 * - `cut`: it reaches the server, and is reset as the first byte of the answer comes
 * - `delay`: it reaches the server, whose answers come 200 ms late
 */
export type Fault = 'pass' | 'refuse' | 'blackHole' | 'dribble' | 'garbage' | 'cut' | 'delay';

/** In milliseconds. */
const DELAY = 200;

/** A TCP proxy on 127.0.0.1 in front of a real server, that does to connections what it is told. */
export class FaultProxy {
  /** How many connections were accepted so far. */
  accepted = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** How many answers each connection still waits for. */
  readonly #late = new Map<Socket, number>();
  #fault: Fault = 'pass';

  private constructor(readonly target: number) {
    this.#server = createServer((socket) => this.#serve(socket));
  }

  /** @param target - the port on 127.0.0.1 of the server behind; nobody needs to listen there yet */
  static async start(target: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** From now on this happens. Connections that are there go on under the new rule, but for `refuse`, which resets them. */
  set fault(fault: Fault) {
    this.#fault = fault;
    if (fault === 'refuse') this.cut();
  }

  /** Resets every connection that is there. */
  cut(): void {
    for (const socket of this.#sockets) reset(socket);
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(client: Socket): void {
    this.accepted += 1;
    this.#track(client);
    if (this.#fault === 'refuse') {
      reset(client);
      return;
    }
    const server = createConnection({ host: '127.0.0.1', port: this.target });
    this.#track(server);
    client.on('data', (chunk) => {
      if (this.#fault === 'blackHole') return;
      if (this.#fault === 'garbage') client.write(Buffer.alloc(64, 0xfe));
      else server.write(chunk);
    });
    server.on('data', (chunk) => this.#answer(client, chunk));
    client.on('close', () => server.destroy());
    server.on('close', () => {
      if (this.#fault !== 'blackHole') client.end();
    });
  }

  #answer(client: Socket, chunk: Buffer): void {
    // What comes after a late answer must not overtake it.
    if (this.#fault === 'delay' || this.#late.has(client)) this.#answerLate(client, chunk);
    else if (this.#fault === 'pass') client.write(chunk);
    else if (this.#fault === 'cut') reset(client);
    else if (this.#fault === 'garbage') client.write(Buffer.alloc(64, 0xfe));
    else if (this.#fault === 'dribble') {
      client.setNoDelay(true);
      for (const byte of chunk) client.write(Buffer.from([byte]));
    }
  }

  #answerLate(client: Socket, chunk: Buffer): void {
    this.#late.set(client, (this.#late.get(client) ?? 0) + 1);
    setTimeout(() => {
      const left = (this.#late.get(client) as number) - 1;
      if (left === 0) this.#late.delete(client);
      else this.#late.set(client, left);
      client.write(chunk);
    }, DELAY);
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
  }
}

/** Node never gets rid of a socket that is reset while its end is being sent: the process then does not exit. */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
