import type { Clock } from '../../../model/clock.js';
import { ClosedError, DeadlineExceededError, OverloadedError } from '../../../model/errors.js';
import { Slots } from '../../../model/slots.js';
import { withDeadline } from '../../../model/with-deadline.js';
import { Connection, type ConnectionOptions } from './connection.js';
import type { LdapServer } from './server.js';
import { allFailed, connectionFault, ServerFault } from './server-fault.js';
import type { ServerList } from './server-list.js';

/** Who waits, and for how long. */
export interface Call {
  /** Aborted when the time of the call is up: what is under way for it ends. */
  readonly deadline: AbortSignal;
  /** Aborted when the caller has gone: nothing more is begun for it. What is under way is let finish, which costs less than a new connection. */
  readonly caller: AbortSignal;
}

/** How a pool works. */
export interface PoolOptions extends ConnectionOptions {
  readonly servers: ServerList;
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
  readonly #places: Slots;
  readonly #all = new Set<Connection>();
  /** The one that was used last is the last. */
  readonly #idle = new Set<Connection>();
  #isClosed = false;

  /** @param prepare - what is done with a connection before it is first used */
  constructor(options: PoolOptions, prepare: (connection: Connection) => Promise<void>) {
    this.#options = options;
    this.#prepare = prepare;
    this.#places = new Slots(options.maxConnections);
  }

  /**
   * Does something over a connection to the best server. If that cannot be connected to, the next is taken.
   *
   * @param isRepeatable - whether it may be done again, on another connection, if a connection fails under it
   * @throws BackendFaultError if no server does
   * @throws OverloadedError if too many wait for a connection
   */
  async use<Result>(call: Call, isRepeatable: boolean, work: (connection: Connection) => Promise<Result>) {
    await this.#takePlace(call);
    try {
      const faults: ServerFault[] = [];
      for (const server of this.#options.servers.candidates()) {
        const answer = await this.#useServer(server, call, isRepeatable, work);
        if ('result' in answer) return answer.result;
        faults.push(answer.fault);
      }
      throw allFailed(this.#options.name, faults);
    } finally {
      this.#places.release();
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const connection of this.#idle) connection.leave();
    for (const connection of this.#all) connection.destroy(new ClosedError(this.#options.name));
  }

  async #takePlace(call: Call): Promise<void> {
    const { name, maxQueued } = this.#options;
    if (this.#places.take()) return;
    if (this.#places.waiting >= maxQueued) {
      throw new OverloadedError(`${name} has ${maxQueued} calls that wait for a connection already. Try again later.`);
    }
    await this.#places.acquire({ signal: AbortSignal.any([call.deadline, call.caller]) });
  }

  /** @returns `fault` if another server had better be asked */
  async #useServer<Result>(
    server: LdapServer,
    call: Call,
    isRepeatable: boolean,
    work: (connection: Connection) => Promise<Result>,
  ): Promise<{ result: Result } | { fault: ServerFault }> {
    for (;;) {
      if (this.#isClosed) throw new ClosedError(this.#options.name);
      call.caller.throwIfAborted();
      const idle = this.#takeIdle(server);
      const connection = idle ?? this.#newConnection(server);
      let isReady = idle !== undefined;
      const giveUp = () => connection.destroy(call.deadline.reason);
      call.deadline.addEventListener('abort', giveUp, { once: true });
      try {
        if (!isReady) await this.#open(connection);
        isReady = true;
        const result = await work(connection);
        this.#options.servers.answered(server);
        return { result };
      } catch (fault) {
        if (connection.isOpen) throw fault;
        const isStale = idle !== undefined && isRepeatable && fault instanceof ServerFault;
        if (isStale) continue;
        this.#failed(server);
        if (!(fault instanceof ServerFault) || (isReady && !isRepeatable)) throw fault;
        return { fault };
      } finally {
        call.deadline.removeEventListener('abort', giveUp);
        this.#giveBack(connection);
      }
    }
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
    const [oldest] = this.#idle;
    if (this.#all.size >= this.#options.maxConnections) oldest?.leave();
    const connection: Connection = new Connection(server, this.#options, () => {
      this.#all.delete(connection);
      this.#idle.delete(connection);
    });
    this.#all.add(connection);
    return connection;
  }

  /** The one that was used last, so that those which are not needed get old. */
  #takeIdle(server: LdapServer): Connection | undefined {
    const { clock, idleTimeout } = this.#options;
    const oldest = clock.monotonic() - idleTimeout;
    for (const connection of this.#idle) if (connection.idleSince <= oldest) connection.leave();
    const newest = [...this.#idle].findLast((connection) => connection.server === server);
    if (newest !== undefined) this.#idle.delete(newest);
    return newest;
  }

  #giveBack(connection: Connection): void {
    if (!connection.isOpen) return;
    connection.idleSince = this.#options.clock.monotonic();
    this.#idle.add(connection);
  }

  /** What is idle may be as dead as what has failed. */
  #failed(server: LdapServer): void {
    this.#options.servers.failed(server);
    for (const connection of this.#idle) if (connection.server === server) connection.leave();
  }
}
