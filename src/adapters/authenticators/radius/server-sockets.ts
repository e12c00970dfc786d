import { type Listener, ServerSocket } from './server-socket.js';

/** The sockets to a server, opened as they are needed: one for each 256 requests that are under way. */
export class ServerSockets {
  readonly #host: string;
  readonly #port: number;
  /** Those that take requests. */
  #current: ServerSocket[] = [];
  readonly #retired = new Set<ServerSocket>();

  constructor(host: string, port: number) {
    this.#host = host;
    this.#port = port;
  }

  /** @returns the socket for a request, with an identifier on it */
  take(listener: Listener): { socket: ServerSocket; identifier: number } {
    let socket = this.#current.find(({ isClosed, hasRoom }) => !isClosed && hasRoom);
    if (socket === undefined) {
      socket = new ServerSocket(this.#host, this.#port);
      this.#current = [...this.#current.filter(({ isClosed }) => !isClosed), socket];
    }
    return { socket, identifier: socket.take(listener) };
  }

  /** New requests go over new sockets, and so to where the name of the host leads then. */
  renew(): void {
    for (const socket of this.#current.splice(0)) {
      this.#retired.add(socket);
      socket.retire();
    }
    for (const socket of this.#retired) if (socket.isClosed) this.#retired.delete(socket);
  }

  /** @param cause - is told to whoever waits for an answer */
  close(cause: unknown): void {
    for (const socket of [...this.#current, ...this.#retired]) socket.close(cause);
  }
}
