import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from './tcp-port.js';

const run = promisify(execFile);

/** What redis-cli says to a command for the server at a port of 127.0.0.1. */
export async function redisCli(port: number, ...command: string[]): Promise<string> {
  const { stdout } = await run('redis-cli', ['-h', '127.0.0.1', '-p', `${port}`, ...command]);
  return stdout.trimEnd();
}

/** A real Redis on 127.0.0.1, in a folder of its own, that keeps nothing on disk unless it is told to. */
export class Redis {
  readonly port: number;
  readonly folder: string;
  readonly #settings: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(port: number, settings: readonly string[]) {
    this.port = port;
    this.folder = mkdtempSync(join(tmpdir(), 'session-init-redis-'));
    this.#settings = settings;
  }

  /** @param settings - as on the command line of redis-server: `--maxmemory 2mb` is two of them */
  static async start(...settings: string[]): Promise<Redis> {
    const redis = new Redis(await freePort(), settings);
    await redis.run();
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** How far it has come in what it was told, by itself or by its master. */
  async offset(): Promise<number> {
    const [, offset] = /^(?:master|slave)_repl_offset:(\d+)/m.exec(await this.cli('INFO', 'replication')) ?? [];
    return Number(offset);
  }

  /** What it has logged. */
  get log(): string {
    return readFileSync(join(this.folder, 'log'), 'utf8');
  }

  /** Runs it again, after {@link Redis.kill}, on the same port. */
  async run(): Promise<void> {
    const folder = join(this.folder, 'data');
    mkdirSync(folder, { recursive: true });
    const child = spawn(
      'redis-server',
      [
        ...['--port', `${this.port}`, '--bind', '127.0.0.1', '--dir', folder, '--logfile', join(this.folder, 'log')],
        ...['--save', '', '--appendonly', 'no', ...this.#settings],
      ],
      { stdio: 'ignore' },
    );
    this.#process = child;
    while (!(await this.#answers())) {
      if (child.exitCode !== null) throw new Error(`redis-server has ended: ${this.log}`);
      await wait(20);
    }
  }

  /** Ends it at once, in the middle of whatever it does. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.#end('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Stops it in its tracks, until {@link Redis.resume}: connections stay, and nothing is answered. */
  pause(): void {
    this.#process?.kill('SIGSTOP');
  }

  resume(): void {
    this.#process?.kill('SIGCONT');
  }

  /** What redis-cli says to a command. */
  cli(...command: string[]): Promise<string> {
    return redisCli(this.port, ...command);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  }

  async #answers(): Promise<boolean> {
    try {
      // While it loads, or asks for a password, it answers, too.
      return (await this.cli('PING')) !== '';
    } catch {
      return false;
    }
  }
}

/** A cluster of Redis on 127.0.0.1. */
export class RedisCluster {
  readonly servers: readonly Redis[];

  private constructor(servers: readonly Redis[]) {
    this.servers = servers;
  }

  /**
   * @param replicas - of each master
   * @param spares - masters that have no slot yet: the last of the servers
   */
  static async start({ masters = 3, replicas = 0, spares = 0, settings = [] as string[] } = {}): Promise<RedisCluster> {
    const servers = await Promise.all(
      Array.from({ length: masters * (1 + replicas) + spares }, () =>
        Redis.start(
          ...['--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf', '--cluster-node-timeout', '2000'],
          ...['--cluster-require-full-coverage', 'no', '--repl-diskless-sync-delay', '0', ...settings],
        ),
      ),
    );
    const cluster = new RedisCluster(servers);
    const addresses = servers.map(({ port }) => `127.0.0.1:${port}`);
    const holders = addresses.slice(0, servers.length - spares);
    await run('redis-cli', [
      ...['--cluster', 'create', ...holders, '--cluster-replicas', `${replicas}`, '--cluster-yes'],
    ]);
    for (const spare of servers.slice(holders.length)) {
      await spare.cli('CLUSTER', 'MEET', '127.0.0.1', `${servers[0]?.port}`);
    }
    await cluster.settled();
    return cluster;
  }

  get urls(): string[] {
    return this.servers.map(({ url }) => url);
  }

  /** When all servers know each other and all slots, and every replica is in step. */
  async settled(): Promise<void> {
    for (const server of this.servers) {
      while (!(await isSettled(server, this.servers.length))) await wait(50);
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
  }
}

async function isSettled(server: Redis, servers: number): Promise<boolean> {
  const info = await server.cli('CLUSTER', 'INFO');
  if (!info.includes(`cluster_known_nodes:${servers}\r`)) return false;
  if (!info.includes('cluster_state:ok') || !info.includes('cluster_slots_ok:16384')) return false;
  const replication = await server.cli('INFO', 'replication');
  return !replication.includes('role:slave') || replication.includes('master_link_status:up');
}
