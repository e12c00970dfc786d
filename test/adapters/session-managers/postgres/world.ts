import type { SessionEndCause } from '../../../../src/adapters/ports.js';
import {
  type PostgresSessionManager,
  type PostgresSessionManagerOptions,
  postgresSessionManager,
} from '../../../../src/adapters/session-managers/postgres.js';
import type { FullAuthSession } from '../../../../src/model/session.js';
import { FaultProxy } from '../../../support/fault-proxy.js';
import { ACCOUNT, Postgres } from '../../../support/postgres.js';

const { signal } = new AbortController();

/** Nodes of a service on a real PostgreSQL, in a schema of their own for each test. */
export class World {
  readonly postgres: Postgres;
  readonly #parts: { close(): Promise<void> }[] = [];
  #schemas = 0;

  private constructor(postgres: Postgres) {
    this.postgres = postgres;
  }

  static async start(): Promise<World> {
    const world = new World(await Postgres.start());
    await world.postgres.sql(`GRANT CREATE ON DATABASE postgres TO ${ACCOUNT.user}`);
    return world;
  }

  get schema(): string {
    return `service_${this.#schemas}`;
  }

  /** Another node of the same service. */
  node(options: Partial<PostgresSessionManagerOptions> = {}): PostgresSessionManager {
    const where = { host: '127.0.0.1', port: this.postgres.port, database: 'postgres', ...ACCOUNT };
    const node = postgresSessionManager({ ...where, schema: this.schema, ...options });
    this.#parts.push(node);
    return node;
  }

  async proxy(): Promise<FaultProxy> {
    const proxy = await FaultProxy.start(this.postgres.port);
    this.#parts.push(proxy);
    return proxy;
  }

  /** Ends the service. */
  async next(): Promise<void> {
    for (const part of this.#parts.splice(0).reverse()) await part.close();
    this.#schemas += 1;
  }

  async stop(): Promise<void> {
    await this.next();
    await this.postgres.stop();
  }

  /** Runs statements in the schema of the service, as one who may do everything. */
  sql(text: string): Promise<string[]> {
    return this.postgres.sql(`SET search_path = ${this.schema}, public; ${text}`);
  }

  /** When the rows of a query are these. */
  async until(query: string, ...rows: string[]): Promise<void> {
    while (`${await this.sql(query)}` !== `${rows}`);
  }

  /** When so many nodes listen. */
  async listening(count: number): Promise<void> {
    await this.until(
      `SELECT count(*) FROM pg_stat_activity WHERE usename = '${ACCOUNT.user}' AND query ~ '^(LISTEN|SELECT 1$)'`,
      `${count}`,
    );
  }
}

export async function create(node: PostgresSessionManager, user = 'alice'): Promise<FullAuthSession> {
  const creation = await node.create({ user, ipAddress: '192.0.2.1' }, { signal });
  if (creation.outcome !== 'created') throw new Error(creation.outcome);
  return creation.session;
}

/** Hears what other nodes do, and hands it out. */
export class News {
  readonly heard: [id: number, cause: SessionEndCause][] = [];
  missedCount = 0;

  ended(sessionId: number, cause: SessionEndCause): void {
    this.heard.push([sessionId, cause]);
  }

  missed(): void {
    this.missedCount += 1;
  }
}

/** When `isSo`. What is waited for comes from another process. */
export async function until(isSo: () => boolean, meanwhile: () => void = () => {}): Promise<void> {
  while (!isSo()) {
    meanwhile();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
