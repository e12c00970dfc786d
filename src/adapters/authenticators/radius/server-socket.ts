import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';

const IDENTIFIERS = 256;

/** Who waits for the answer to a request. */
export interface Listener {
  /** A datagram came from the server, with the identifier of the request. It may be anybody's. */
  received(datagram: Buffer): void;
  /** No answer can come any more. */
  failed(cause: unknown): void;
}

/**
 * A UDP socket that takes datagrams from one server only, on a port that the system chose. 256 requests can be under way
 * over it, as many as there are identifiers. It does not keep the process alive.
 */
export class ServerSocket {
  readonly #listeners = new Array<Listener | undefined>(IDENTIFIERS);
  readonly #opening: Promise<Socket>;
  #opened: Socket | undefined;
  #underWay = 0;
  #next = 0;
  #isRetired = false;
  #isClosed = false;

  constructor(host: string, port: number) {
    this.#opening = this.#open(host, port);
    this.#opening.catch((cause: unknown) => this.close(cause));
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get hasRoom(): boolean {
    return this.#underWay < IDENTIFIERS;
  }

  /**
   * Takes an identifier, the one that was given back longest ago. There must be room.
   *
   * @returns the identifier, which must be given back by `release`
   */
  take(listener: Listener): number {
    while (this.#listeners[this.#next] !== undefined) this.#next = (this.#next + 1) % IDENTIFIERS;
    const identifier = this.#next;
    this.#listeners[identifier] = listener;
    this.#next = (identifier + 1) % IDENTIFIERS;
    this.#underWay++;
    return identifier;
  }

  release(identifier: number): void {
    this.#listeners[identifier] = undefined;
    this.#underWay--;
    if (this.#isRetired) this.retire();
  }

  /** Sends a packet as soon as the socket is open. Who has given its identifier back meanwhile sends nothing. */
  send(identifier: number, packet: Uint8Array): void {
    const listener = this.#listeners[identifier];
    const waits = () => !this.#isClosed && listener !== undefined && this.#listeners[identifier] === listener;
    this.#whenOpen((socket) => {
      if (!waits()) return;
      socket.send(packet, (error) => {
        if (error !== null && waits()) listener?.failed(error);
      });
    });
  }

  /** Closes it when nobody waits for an answer any more. */
  retire(): void {
    this.#isRetired = true;
    if (this.#underWay === 0) this.close(undefined);
  }

  close(cause: unknown): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#whenOpen((socket) => socket.close());
    for (const listener of this.#listeners) listener?.failed(cause);
  }

  /** If it cannot be opened, it is closed, and whoever waits has been told. */
  #whenOpen(use: (socket: Socket) => void): void {
    if (this.#opened !== undefined) use(this.#opened);
    else this.#opening.then(use, () => {});
  }

  async #open(host: string, port: number): Promise<Socket> {
    const { address, family } = await lookup(host);
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4').unref();
    try {
      socket.connect(port, address);
      await once(socket, 'connect');
    } catch (cause) {
      socket.close();
      throw cause;
    }
    socket.on('message', (datagram) => this.#listeners[datagram[1] ?? -1]?.received(datagram));
    socket.on('error', (cause) => this.close(cause));
    this.#opened = socket;
    return socket;
  }
}
