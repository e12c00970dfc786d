import type { Clock } from '../../model/clock.js';
import { ClosedError, DeadlineExceededError, OverloadedError } from '../../model/errors.js';
import { withDeadline } from '../../model/with-deadline.js';
import type { CallOptions } from '../ports.js';
import { listen } from './listener.js';
import { loadIoredis } from './load-ioredis.js';
import { disconnect, openClient, openListener, type RedisClient, type RedisScripts } from './open-client.js';
import { reconnectPause } from './reconnect-pause.js';
import { isConnectionFault, noConnection, redisFault, unreachableFault } from './redis-fault.js';
import type { RedisAddress, RedisServer } from './server-options.js';
import { WrittenTogether } from './written-together.js';

/** So many calls at once: beyond that a store that does not answer would fill the memory. */
const MAX_CALLS = 10_000;

/** So often a script is run that a server of a cluster does not know, though it was sent there. */
const SCRIPT_ATTEMPTS = 5;

/** Options of {@link RedisConnection}. */
export interface RedisConnectionOptions {
  /** Whose calls these are, in messages. */
  name: string;
  /** What that is. @defaultValue `'The session manager'`, with its name */
  part?: string;
  clock: Clock;
  scripts: RedisScripts;
}

/** Calls of Redis, each under a deadline, with faults told as errors of this package. */
export class RedisConnection {
  readonly server: RedisServer;
  readonly #options: RedisConnectionOptions;
  #opening: Promise<RedisClient> | undefined;
  /** Once it is there, so that no call waits a turn for it. */
  #client: RedisClient | undefined;
  #closing: Promise<void> | undefined;
  readonly #listeners = new Set<() => void>();
  readonly #together = new WrittenTogether();
  #calls = 0;
  #unreachable: Error | undefined;
  #comeBack: unknown;

  constructor(server: RedisServer, options: RedisConnectionOptions) {
    this.server = server;
    this.#options = options;
  }

  get #part(): string {
    const { name, part = `The session manager ${name}` } = this.#options;
    return part;
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
    if (this.isClosed) throw new ClosedError(this.#part);
    callOptions?.signal.throwIfAborted();
    if (this.#calls >= MAX_CALLS) {
      throw new OverloadedError(`${name}: ${MAX_CALLS} calls of Redis are under way. Try again later.`);
    }
    this.#calls += 1;
    try {
      const client = this.#client;
      return await withDeadline(clock, this.server.timeout, `${name}.${method}`, (deadline) =>
        client === undefined ? this.opened().then((opened) => work(opened, deadline)) : work(client, deadline),
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
    work: (client: RedisClient, deadline: CallOptions) => Promise<Result>,
  ): Promise<Result> {
    return this.call(method, callOptions, (client, deadline) => {
      this.#together.add(client);
      return work(client, deadline).catch((cause: unknown) => {
        if (this.isClosed || !(cause instanceof Error && isConnectionFault(cause))) throw cause;
        return work(client, deadline);
      });
    });
  }

  /** Hears what is published on a channel, by a connection of its own, until the function that it returns is called. */
  listen(channel: string, heard: (message: string) => void, missed: () => void): () => void {
    const { name, clock } = this.#options;
    if (this.isClosed) throw new ClosedError(`The session manager ${name}`);
    const open = async () =>
      openListener(await loadIoredis(`The session manager ${name}`), this.server, await this.#anyNode());
    const stop = listen({ channel, clock, open, heard, missed });
    this.#listeners.add(stop);
    return () => {
      this.#listeners.delete(stop);
      stop();
    };
  }

  /** The client itself, for what happens within a call, or beside all. */
  opened(): Promise<RedisClient> {
    this.#opening ??= this.#open().catch((cause: unknown) => {
      this.#opening = undefined;
      throw cause;
    });
    return this.#opening;
  }

  /** From now on nothing is called any more. @param before - what is waited for before the connection is closed */
  close(before: Promise<void> = Promise.resolve()): Promise<void> {
    this.#closing ??= this.#close(before);
    return this.#closing;
  }

  async #close(before: Promise<void>): Promise<void> {
    for (const stop of this.#listeners) stop();
    await before;
    this.#options.clock.clearTimeout(this.#comeBack);
    const client = await this.#opening?.catch(() => undefined);
    if (client !== undefined) disconnect(client);
  }

  /** A server of the cluster: all of them pass on what is published on any. */
  async #anyNode(): Promise<{ host: string; port: number } | undefined> {
    if (this.server.kind !== 'cluster') return undefined;
    const client = await this.opened();
    const known = 'nodes' in client ? client.nodes().map(({ options }) => options) : [];
    const { host, port } = sample(known) ?? (sample(this.server.addresses) as RedisAddress);
    return { host: host as string, port: port as number };
  }

  #asFault(cause: unknown): Error {
    if (this.isClosed) return new ClosedError(this.#part, { cause });
    if (cause instanceof DeadlineExceededError && this.#client?.status !== 'ready') {
      return unreachableFault(this.#unreachable ?? noConnection(this.server), this.server.password);
    }
    return redisFault(cause, this.#unreachable, this.server.password);
  }

  async #open(): Promise<RedisClient> {
    const { clock, scripts } = this.#options;
    const client = openClient(await loadIoredis(this.#part), this.server, scripts);
    const heard = (error: Error) => {
      // What only says that there is no connection comes after what says why.
      if (!isConnectionFault(error)) this.#unreachable = error;
    };
    client.on('error', heard);
    client.on('node error', heard);
    let ends = 0;
    client.on('ready', () => {
      this.#unreachable = undefined;
      ends = 0;
    });
    // With Sentinel, one ends when none of them tells where the server is, or another takes over while they are asked.
    client.on('end', () => {
      if (this.isClosed) return;
      ends += 1;
      this.#comeBack = clock.setTimeout(() => client.connect().catch(() => {}), reconnectPause(ends));
    });
    this.#client = client;
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
  const run = () => command.call(client, ...keys, ...args);
  return 'nodes' in client ? untilKnown(run) : run();
}

/**
 * The package takes a server to know a script that was sent there once, even if that was refused since its slot was about
 * to move. It sends a script whole when it learns better, but once alone, and meanwhile another may have been refused.
 */
async function untilKnown(run: () => Promise<unknown>): Promise<unknown> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (cause) {
      const isUnknown = cause instanceof Error && cause.message.startsWith('NOSCRIPT');
      if (!isUnknown || attempt === SCRIPT_ATTEMPTS) throw cause;
    }
  }
}

function sample<Item>(items: readonly Item[]): Item | undefined {
  return items[Math.floor(Math.random() * items.length)];
}
