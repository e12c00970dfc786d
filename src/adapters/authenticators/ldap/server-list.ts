import type { Clock } from '../../../model/clock.js';
import type { LdapServer } from './server.js';

/**
 * The servers in the order in which they are tried: as they are given, and those that failed last. When one of these has
 * rested, a single call tries it, and the others wait for what becomes of it.
 */
export class ServerList {
  readonly #clock: Clock;
  readonly #rest: number;
  /** Until when each server that failed is put last. */
  readonly #restsUntil: Map<LdapServer, number>;

  /** @param rest - for how many milliseconds a server that failed is put last */
  constructor(servers: readonly LdapServer[], rest: number, clock: Clock) {
    this.#clock = clock;
    this.#rest = rest;
    this.#restsUntil = new Map(servers.map((server) => [server, Number.NEGATIVE_INFINITY]));
  }

  /** Every server once, the best of those that are left whenever one is asked for. */
  *candidates(): Generator<LdapServer> {
    const left = new Set(this.#restsUntil.keys());
    while (left.size > 0) {
      const server = this.#bestOf([...left]);
      left.delete(server);
      if (this.#hasFailed(server)) this.failed(server);
      yield server;
    }
  }

  failed(server: LdapServer): void {
    this.#restsUntil.set(server, this.#clock.monotonic() + this.#rest);
  }

  answered(server: LdapServer): void {
    this.#restsUntil.set(server, Number.NEGATIVE_INFINITY);
  }

  #hasFailed(server: LdapServer): boolean {
    return this.#until(server) !== Number.NEGATIVE_INFINITY;
  }

  #bestOf(servers: readonly LdapServer[]): LdapServer {
    const now = this.#clock.monotonic();
    const rested = servers.find((server) => this.#until(server) <= now);
    return rested ?? (servers.toSorted((a, b) => this.#until(a) - this.#until(b))[0] as LdapServer);
  }

  #until(server: LdapServer): number {
    return this.#restsUntil.get(server) as number;
  }
}
