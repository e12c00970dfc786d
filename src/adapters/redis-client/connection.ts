import type { Clock } from '../../model/clock.js';
import { ClosedError, OverloadedError } from '../../model/errors.js';
import { withDeadline } from '../../model/with-deadline.js';
import type { CallOptions } from '../ports.js';
import { loadIoredis } from './load-ioredis.js';
import { openClient, type RedisClient, type RedisScripts } from './open-client.js';
import { isConnectionFault, redisFault } from './redis-fault.js';
import type { RedisServer } from './server-options.js';

/** So many calls at once: beyond that a store that does not answer would fill the memory. */
const MAX_CALLS = 10_000;

/** Options of {@link RedisConnection}. */
export interface RedisConnectionOptions {
  /** Whose calls these are, in messages. */
  name: string;
  clock: Clock;
  scripts: RedisScripts;
}

/** Calls of Redis, each under a deadline, with faults told as errors of this package. */
export class RedisConnection {
  readonly server: RedisServer;
  readonly #options: RedisConnectionOptions;
  #opening: Promise<RedisClient> | undefined;
  #closing: Promise<void> | undefined;
  #calls = 0;
  #unreachable: Error | undefined;

  constructor(server: RedisServer, options: RedisConnectionOptions) {
    this.server = server;
    this.#options = options;
  }

  get isClosed(): boolean {
    return this.#closing !== undefined;
  }

  /**
   * @throws BackendFaultError if Redis cannot be reached, or refuses
   * @throws DeadlineExceededError if it does not answer in time
   * @throws OverloadedError if too many calls are under way
   * @throws ClosedError after {@link RedisConnection.close}
   */
  async call<Result>(
    method: string,
    callOptions: CallOptions | undefined,
    work: (client: RedisClient, deadline: CallOptions) => Promise<Result>,
  ): Promise<Result> {
    const { name, clock } = this.#options;
    if (this.isClosed) throw new ClosedError(`The session manager ${name}`);
    callOptions?.signal.throwIfAborted();
    if (this.#calls >= MAX_CALLS) {
      throw new OverloadedError(`${name}: ${MAX_CALLS} calls of Redis are under way. Try again later.`);
    }
    this.#calls += 1;
    try {
      return await withDeadline(clock, this.server.timeout, `${name}.${method}`, async (deadline) =>
        work(await this.#opened(), deadline),
      );
    } catch (cause) {
      if (callOptions?.signal.aborted && cause === callOptions.signal.reason) throw cause;
      throw this.#asFault(cause);
    } finally {
      this.#calls -= 1;
    }
  }

  /** The same for what can be done twice: if the connection was lost meanwhile, it is tried once more. */
  read<Result>(
    method: string,
    callOptions: CallOptions | undefined,
    work: (client: RedisClient) => Promise<Result>,
  ): Promise<Result> {
    return this.call(method, callOptions, (client) =>
      work(client).catch((cause: unknown) => {
        if (this.isClosed || !(cause instanceof Error && isConnectionFault(cause))) throw cause;
        return work(client);
      }),
    );
  }

  close(): Promise<void> {
    this.#closing ??= (this.#opening ?? Promise.resolve(undefined)).then(
      (client) => client?.disconnect(),
      () => {},
    );
    return this.#closing;
  }

  #asFault(cause: unknown): Error {
    const { name } = this.#options;
    if (this.isClosed) return new ClosedError(`The session manager ${name}`, { cause });
    return redisFault(cause, this.#unreachable, this.server.password);
  }

  #opened(): Promise<RedisClient> {
    this.#opening ??= this.#open().catch((cause: unknown) => {
      this.#opening = undefined;
      throw cause;
    });
    return this.#opening;
  }

  async #open(): Promise<RedisClient> {
    const { name, scripts } = this.#options;
    const client = openClient(await loadIoredis(`The session manager ${name}`), this.server, scripts);
    client.on('error', (error: Error) => {
      this.#unreachable = error;
    });
    client.on('node error', (error: Error) => {
      this.#unreachable = error;
    });
    client.on('ready', () => {
      this.#unreachable = undefined;
    });
    return client;
  }
}

/** Runs one of the scripts that the client was opened with. */
export function runScript(
  client: RedisClient,
  script: string,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  const commands = client as unknown as Readonly<Record<string, (...args: (string | number)[]) => Promise<unknown>>>;
  const command = commands[script] as (...args: (string | number)[]) => Promise<unknown>;
  return command.call(client, ...keys, ...args);
}
