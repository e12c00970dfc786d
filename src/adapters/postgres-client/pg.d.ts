/** What is used of `pg`, which has no types of its own. */
declare module 'pg' {
  import type { EventEmitter } from 'node:events';
  import type { Socket } from 'node:net';
  import type { SecureContextOptions } from 'node:tls';

  interface Types {
    getTypeParser(oid: number, format?: string): (text: string) => unknown;
  }

  interface ClientConfig {
    host: string;
    port: number;
    database: string;
    user: string;
    /** A function, since without a password `pg` looks for one in the environment and in a file. */
    password: () => string | undefined;
    ssl: false | (SecureContextOptions & { rejectUnauthorized: boolean });
    options: string;
    application_name: string;
    client_encoding: string;
    keepAlive: boolean;
    types: Types;
    connectionTimeoutMillis: number;
  }

  type Value = string | number | boolean | null | Buffer | readonly Buffer[];

  interface Result {
    rows: Record<string, unknown>[];
    fields: { name: string }[];
    rowCount: number | null;
  }

  class Connection extends EventEmitter {
    stream: Socket;
    attachListeners(stream: Socket): void;
  }

  class Client extends EventEmitter {
    constructor(config: ClientConfig);
    connection: Connection;
    connect(): Promise<unknown>;
    /** As the server has told it last: `I` outside of one, `T` in one, `E` in one that has failed. */
    getTransactionStatus(): string | null;
    query(query: { text: string; name?: string; values?: readonly Value[] }): Promise<Result>;
  }

  const types: { getTypeParser(oid: number, format: 'text'): (text: string) => unknown };
}
