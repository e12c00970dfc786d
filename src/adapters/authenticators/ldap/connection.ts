import { once } from 'node:events';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext } from 'node:tls';
import type { Client, Filter } from 'ldapts';
import { ConfigurationError } from '../../../model/errors.js';
import { DirectoryEntry } from './directory-entry.js';
import { type Ldapts, loadLdapts } from './load-ldapts.js';
import { MessageFrames } from './message-frames.js';
import type { LdapServer } from './server.js';
import { connectionFault, refusedSearch, ServerFault } from './server-fault.js';

const START_TLS = '1.3.6.1.4.1.1466.20037';
/** So much may one answer have: five thousand groups fit, and what never ends is noticed. */
const MAX_ANSWER_BYTES = 1024 * 1024;
/** A server that is too busy or that shuts down says so; another may do better. */
const UNAVAILABLE = [51, 52];

/** How connections are made. */
export interface ConnectionOptions {
  readonly name: string;
  readonly startTls: boolean;
  readonly tls: SecureContext;
  /** Seconds after which a server may give a search up. */
  readonly timeLimit: number;
}

/** What is looked for. */
export interface Query {
  readonly base: string;
  readonly scope: 'base' | 'one' | 'sub';
  /** A filter, or the value that an attribute must have. @defaultValue every entry in the scope */
  readonly filter?: string | { readonly attribute: string; readonly value: string } | undefined;
  readonly attributes: readonly string[];
}

/** What a server said to a bind. */
export interface BindAnswer {
  /** The result code: 0 is a yes. */
  readonly code: number;
  /** The error of the password policy, if the server gave one. */
  readonly policyError?: number | undefined;
  /** What ldapts made of a no, with the server's text. */
  readonly cause?: Error | undefined;
}

/**
 * One connection to one server. It does one thing at a time, and ends with the first that goes wrong: what comes after
 * that cannot be told from a late answer.
 */
export class Connection {
  readonly server: LdapServer;
  /** When it was last given back, on the monotonic clock. */
  idleSince = 0;
  readonly #options: ConnectionOptions;
  readonly #onEnd: () => void;
  readonly #frames = new MessageFrames(MAX_ANSWER_BYTES);
  /** The one on top, which is what ldapts talks over, and the one below it, if TLS is between. */
  readonly #sockets: Socket[] = [];
  #ldapts!: Ldapts;
  #client!: Client;
  #end: Error | undefined;
  #fail: ((error: Error) => void) | undefined;

  /** @param onEnd - called once, when it has ended */
  constructor(server: LdapServer, options: ConnectionOptions, onEnd: () => void) {
    this.server = server;
    this.#options = options;
    this.#onEnd = onEnd;
  }

  get isOpen(): boolean {
    return this.#end === undefined;
  }

  /**
   * Connects, with TLS if that is asked for. It comes before everything else.
   *
   * @throws ServerFault if the server cannot be reached, or its certificate is not trusted
   * @throws MissingPackageError if ldapts is not installed
   */
  async open(): Promise<void> {
    this.#ldapts = await loadLdapts(this.#options.name);
    await this.#exchange(async () => {
      const { host, port, isLdaps } = this.server;
      const plain = this.#watch(connectTcp({ host, port, noDelay: true, keepAlive: true }));
      await once(plain, 'connect');
      if (!isLdaps && this.#options.startTls) await this.#startTls(plain);
      const socket = isLdaps || this.#options.startTls ? await this.#secure(plain) : plain;
      this.#client = this.#talkOver(socket);
    });
  }

  /**
   * Binds. A no is a value.
   *
   * @throws ServerFault if the server gave no answer, or is not available
   */
  async bind(dn: string, password: string): Promise<BindAnswer> {
    const policy = new this.#ldapts.PasswordPolicyControl();
    try {
      await this.#exchange(() => this.#client.bind(dn, password, policy));
      return { code: 0, policyError: policy.error };
    } catch (cause) {
      if (!(cause instanceof this.#ldapts.ResultCodeError)) throw cause;
      return { code: cause.code, policyError: policy.error, cause };
    }
  }

  /**
   * Searches. References to other servers are not followed. The entry at `base` itself need not be there.
   *
   * @throws ServerFault if the server gave no answer, or is not available
   * @throws BackendFaultError if it would not search
   */
  async search({ base, scope, filter, attributes }: Query): Promise<readonly DirectoryEntry[]> {
    const { name, timeLimit } = this.#options;
    const options = { scope, filter: this.#parse(filter), attributes: [...attributes], timeLimit };
    try {
      const { searchEntries } = await this.#exchange(() => this.#client.search(base, options));
      return searchEntries.map((entry) => new DirectoryEntry(entry));
    } catch (cause) {
      if (!(cause instanceof this.#ldapts.ResultCodeError)) throw cause;
      if (scope === 'base' && cause instanceof this.#ldapts.NoSuchObjectError) return [];
      throw refusedSearch(name, base, cause);
    }
  }

  /** Before anything is sent: ldapts throws what a server cannot be blamed for. */
  #parse(filter: Query['filter'] = '(objectClass=*)'): Filter {
    if (typeof filter === 'object') return new this.#ldapts.EqualityFilter(filter);
    try {
      return this.#ldapts.FilterParser.parseString(filter);
    } catch (cause) {
      const { name } = this.#options;
      throw new ConfigurationError(`${name} has a filter that is none. Check userFilter and groupFilter.`, { cause });
    }
  }

  /** Ends it at once. What is under way fails with `reason`. */
  destroy(reason: Error): void {
    if (this.#end === undefined) {
      this.#end = reason;
      this.#onEnd();
    }
    this.#fail?.(this.#end);
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Ends it with a good-bye, unless it has ended. It must not be in use. */
  leave(): void {
    if (!this.isOpen) return;
    this.#end = new ServerFault(`The connection to ${this.server.url} was not needed any more.`);
    this.#onEnd();
    this.#client.unbind().catch(() => {
      // It has gone without one.
    });
  }

  /** Does one thing, and fails as soon as the connection does. A result code is an answer; anything else is its end. */
  #exchange<Result>(run: () => Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) return reject(this.#end);
      this.#frames.begin();
      this.#fail = reject;
      run().then(
        (result) => {
          this.#fail = undefined;
          resolve(result);
        },
        (error) => {
          const isAnswer = error instanceof this.#ldapts.ResultCodeError && !UNAVAILABLE.includes(error.code);
          if (!isAnswer) this.destroy(connectionFault(this.server.url, error));
          this.#fail = undefined;
          reject(error);
        },
      );
    });
  }

  /** From now on its end is the end of the connection. */
  #watch(socket: Socket): Socket {
    this.#sockets.unshift(socket);
    const { url } = this.server;
    // ldapts takes listeners of errors off; what went wrong is read when the socket closes.
    socket.on('error', () => {});
    socket.on('close', () => this.destroy(connectionFault(url, socket.errored ?? new Error('It was closed.'))));
    return socket;
  }

  /** What the server says is judged before ldapts hears of it. */
  #talkOver(socket: Socket): Client {
    socket.on('data', (chunk) => {
      const problem = this.#fail === undefined ? 'It spoke without being asked.' : this.#frames.push(chunk);
      if (problem === undefined) return;
      this.destroy(new ServerFault(`${this.server.url} cannot be talked to. ${problem}`));
      // ldapts is given the same bytes next, and may not come back from them.
      chunk.fill(0);
    });
    // Of `ldap:` even over TLS: for `ldaps:` ldapts would open a connection itself, and trust whom Node trusts.
    return new this.#ldapts.Client({ url: 'ldap://localhost', createConnection: () => socket });
  }

  /**
   * Whatever came in clear is forgotten with this client: what somebody slipped in behind the answer is not taken for
   * one that came by TLS.
   */
  async #startTls(plain: Socket): Promise<void> {
    await this.#talkOver(plain)
      .exop(START_TLS)
      .catch((cause: unknown) => {
        if (!(cause instanceof this.#ldapts.ResultCodeError)) throw cause;
        throw new ServerFault(`${this.server.url} refuses StartTLS. Set it up there, or use ldaps://.`, { cause });
      });
    plain.removeAllListeners('data');
  }

  async #secure(plain: Socket): Promise<Socket> {
    const { host } = this.server;
    const socket = connectTls({
      socket: plain,
      host,
      servername: isIP(host) === 0 ? host : '',
      secureContext: this.#options.tls,
      // Said again, so that no variable of the environment can unsay it.
      rejectUnauthorized: true,
    });
    this.#watch(socket);
    await once(socket, 'secureConnect');
    return socket;
  }
}
