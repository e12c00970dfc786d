import type { Clock } from '../../../model/clock.js';
import { ClosedError, DeadlineExceededError, OverloadedError } from '../../../model/errors.js';
import { withDeadline } from '../../../model/with-deadline.js';
import type { ServerList } from '../../server-list.js';
import type { Call } from './call.js';
import { Connection, type ConnectionOptions } from './connection.js';
import { Places } from './places.js';
import type { LdapServer } from './server.js';
import { allFailed, connectionFault, ServerFault } from './server-fault.js';

/** How a pool works. */
export interface PoolOptions extends ConnectionOptions {
  readonly servers: ServerList<LdapServer>;
  readonly maxConnections: number;
  readonly maxQueued: number;
  readonly connectTimeout: number;
  readonly idleTimeout: number;
  readonly clock: Clock;
}

/** A bounded number of connections, each of which does one thing at a time and is used again. */
export class ConnectionPool {
  readonly #options: PoolOptions;
  readonly #prepare: (connection: Connection) => Promise<void>;
  readonly #places: Places;
  readonly #all = new Set<Connection>();
  /** The one that was used last is the last, so that those which are not needed get old. */
  readonly #idle: Connection[] = [];
  #isClosed = false;

  /** @param prepare - what is done with a connection before it is first used */
  constructor(options: PoolOptions, prepare: (connection: Connection) => Promise<void>) {
    this.#options = options;
    this.#prepare = prepare;
    this.#places = new Places(options.maxConnections);
  }

  /**
   * Does something over a connection to the best server. If that cannot be connected to, the next is taken.
   *
   * @param isRepeatable - whether it may be done again, on another connection, if a connection fails under it
   * @throws BackendFaultError if no server does
   * @throws OverloadedError if too many wait for a connection
   */
  async use<Result>(call: Call, isRepeatable: boolean, work: (connection: Connection) => Promise<Result>) {
    if (!this.#places.take()) await this.#waitForPlace(call);
    try {
      this.#throwIfOver(call);
      const idle = this.#takeIdle();
      if (idle === undefined) return await this.#useNew(call, isRepeatable, work);
      call.underWay.add(idle);
      try {
        const result = await work(idle);
        this.#end(idle, call);
        return result;
      } catch (fault) {
        this.#end(idle, call);
        // It may have been dead before, which says nothing about its server.
        if (!isRepeatable || idle.isOpen || !(fault instanceof ServerFault)) throw this.#blame(idle, fault);
      }
      return await this.#useNew(call, isRepeatable, work);
    } finally {
      this.#places.release();
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const connection of this.#idle.splice(0)) connection.leave();
    for (const connection of this.#all) connection.destroy(new ClosedError(this.#options.name));
  }

  #throwIfOver(call: Call): void {
    if (this.#isClosed) throw new ClosedError(this.#options.name);
    call.throwIfOver();
  }

  #waitForPlace(call: Call): Promise<void> {
    const { name, maxQueued } = this.#options;
    if (this.#places.waiting < maxQueued) return this.#places.wait(call);
    throw new OverloadedError(`${name} has ${maxQueued} calls that wait for a connection already. Try again later.`);
  }

  /** Tries one server after the other. */
  async #useNew<Result>(call: Call, isRepeatable: boolean, work: (connection: Connection) => Promise<Result>) {
    const faults: ServerFault[] = [];
    for (const server of this.#options.servers.candidates()) {
      this.#throwIfOver(call);
      const connection = this.#newConnection(server);
      let isReady = false;
      call.underWay.add(connection);
      try {
        await this.#open(connection);
        isReady = true;
        const result = await work(connection);
        this.#end(connection, call);
        return result;
      } catch (fault) {
        if (isReady) this.#end(connection, call);
        this.#blame(connection, fault);
        if (!(fault instanceof ServerFault) || (isReady && !isRepeatable)) throw fault;
        faults.push(fault);
      }
    }
    throw allFailed(this.#options.name, faults);
  }

  /** The call is done with the connection. */
  #end(connection: Connection, call: Call): void {
    call.underWay.delete(connection);
    if (connection.isOpen) this.#giveBack(connection);
  }

  async #open(connection: Connection): Promise<void> {
    const { clock, connectTimeout } = this.#options;
    const { url } = connection.server;
    try {
      await withDeadline(clock, connectTimeout, `Connecting to ${url}`, async () => {
        await connection.open();
        await this.#prepare(connection);
      });
    } catch (cause) {
      const isLate = connection.isOpen && cause instanceof DeadlineExceededError;
      const fault = isLate ? connectionFault(url, cause) : (cause as Error);
      connection.destroy(fault);
      throw fault;
    }
  }

  #newConnection(server: LdapServer): Connection {
    // Idle ones to other servers count, too.
    if (this.#all.size >= this.#options.maxConnections) this.#idle.shift()?.leave();
    const connection: Connection = new Connection(server, this.#options, () => {
      this.#all.delete(connection);
      const at = this.#idle.indexOf(connection);
      if (at !== -1) this.#idle.splice(at, 1);
    });
    this.#all.add(connection);
    return connection;
  }

  /** @returns undefined if there is none to the best server, or none that was used lately */
  #takeIdle(): Connection | undefined {
    const { servers, clock, idleTimeout } = this.#options;
    const best = servers.best();
    const at = this.#idle.findLastIndex(({ server }) => server === best);
    const [connection] = at === -1 ? [] : this.#idle.splice(at, 1);
    if (connection === undefined || clock.monotonic() - connection.idleSince < idleTimeout) return connection;
    // So are those that were used before it.
    connection.leave();
    this.#leaveIdle(connection.server);
    return undefined;
  }

  #giveBack(connection: Connection): void {
    const { servers, clock } = this.#options;
    servers.answered(connection.server);
    connection.idleSince = clock.monotonic();
    this.#idle.push(connection);
  }

  /** If a connection has ended, those to the same server that are idle may be as dead. */
  #blame(connection: Connection, fault: unknown): unknown {
    if (!connection.isOpen) {
      this.#options.servers.failed(connection.server);
      this.#leaveIdle(connection.server);
    }
    return fault;
  }

  #leaveIdle(of: LdapServer): void {
    for (const connection of this.#idle.filter(({ server }) => server === of)) connection.leave();
  }
}
