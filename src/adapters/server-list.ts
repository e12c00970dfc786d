import type { Clock } from '../model/clock.js';

const NEVER_FAILED = Number.NEGATIVE_INFINITY;

/**
 * The servers of a backend in the order in which they are tried: as they are given, and those that failed last. When one
 * of these has rested, a single call tries it, and the others wait for what becomes of it.
 */
export class ServerList<Server> {
  readonly #clock: Clock;
  readonly #rest: number;
  /** Until when each server that failed is put last. */
  readonly #restsUntil: Map<Server, number>;

  /** @param rest - for how many milliseconds a server that failed is put last */
  constructor(servers: readonly Server[], rest: number, clock: Clock) {
    this.#clock = clock;
    this.#rest = rest;
    this.#restsUntil = new Map(servers.map((server) => [server, NEVER_FAILED]));
  }

  /** The first that has not failed; undefined if one before it, or each, has to be tried again. */
  best(): Server | undefined {
    for (const [server, until] of this.#restsUntil) {
      if (until === NEVER_FAILED) return server;
      if (until <= this.#clock.monotonic()) return undefined;
    }
    return undefined;
  }

  /** Every server once, the best of those that are left whenever one is asked for. */
  *candidates(): Generator<Server> {
    const left = new Set(this.#restsUntil.keys());
    while (left.size > 0) {
      const server = this.#bestOf([...left]);
      left.delete(server);
      // It is being tried again: until that is over, it is no better than before.
      if (this.#until(server) !== NEVER_FAILED) this.failed(server);
      yield server;
    }
  }

  failed(server: Server): void {
    this.#restsUntil.set(server, this.#clock.monotonic() + this.#rest);
  }

  answered(server: Server): void {
    this.#restsUntil.set(server, NEVER_FAILED);
  }

  #bestOf(servers: readonly Server[]): Server {
    const now = this.#clock.monotonic();
    const rested = servers.find((server) => this.#until(server) <= now);
    return rested ?? (servers.toSorted((a, b) => this.#until(a) - this.#until(b))[0] as Server);
  }

  #until(server: Server): number {
    return this.#restsUntil.get(server) as number;
  }
}
