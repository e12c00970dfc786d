import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** Milliseconds between two questions to a node. */
const CHECK_INTERVAL = 25;

/** A TCP proxy on 127.0.0.1 that sends each connection to the next node that says at /readyz that it is ready. */
export class LoadBalancer {
  readonly #server: Server;
  /** By their names: the port, and whether the last answer was that it is ready. */
  readonly #nodes = new Map<string, { port: number; isReady: boolean }>();
  readonly #sockets = new Set<Socket>();
  #turn = 0;
  #checking: Promise<void>;
  #isStopped = false;

  private constructor() {
    this.#server = createServer((socket) => this.#serve(socket));
    this.#checking = this.#check();
  }

  static async start(): Promise<LoadBalancer> {
    const balancer = new LoadBalancer();
    balancer.#server.listen(0, '127.0.0.1');
    await once(balancer.#server, 'listening');
    return balancer;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Sends clients to a node, as soon as it is ready. */
  add(name: string, port: number): void {
    this.#nodes.set(name, { port, isReady: false });
  }

  /** Resolves when a node has said that it is ready, or that it is not. */
  async saw(name: string, isReady: boolean): Promise<void> {
    while (this.#nodes.get(name)?.isReady !== isReady) await wait(CHECK_INTERVAL);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#checking;
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #check(): Promise<void> {
    while (!this.#isStopped) {
      await Promise.all(
        [...this.#nodes.values()].map(async (node) => {
          const answer = await fetch(`http://127.0.0.1:${node.port}/readyz`).catch(() => undefined);
          node.isReady = answer?.status === 200;
          await answer?.body?.cancel();
        }),
      );
      await wait(CHECK_INTERVAL);
    }
  }

  #serve(client: Socket, tried: ReadonlySet<number> = new Set()): void {
    this.#track(client);
    const ready = [...this.#nodes.values()].filter(({ port, isReady }) => isReady && !tried.has(port));
    const node = ready[this.#turn++ % ready.length];
    if (node === undefined) {
      client.destroy();
      return;
    }
    const server = createConnection({ host: '127.0.0.1', port: node.port });
    this.#track(server);
    server.once('connect', () => {
      client.pipe(server).pipe(client);
      client.once('close', () => server.destroy());
      server.once('close', () => client.end());
    });
    // It has gone between two checks, and nothing was sent yet.
    server.once('error', () => {
      if (server.bytesWritten === 0 && server.bytesRead === 0) this.#serve(client, new Set([...tried, node.port]));
    });
  }

  #track(socket: Socket): void {
    if (this.#sockets.has(socket)) return;
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => this.#sockets.delete(socket));
  }
}
