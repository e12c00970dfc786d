import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { redisCli } from './redis.js';
import { accepts, freePort } from './tcp-port.js';

/** Who is told how the servers are called, in {@link RedisSentinels}. */
const NAME = 'sessions';

/** Real Sentinels on 127.0.0.1 that look after one Redis and its replicas. */
export class RedisSentinels {
  readonly #folder = mkdtempSync(join(tmpdir(), 'session-init-sentinel-'));
  readonly #ports: number[] = [];
  readonly #settings: readonly string[];
  readonly #processes: ChildProcess[] = [];

  private constructor(settings: readonly string[]) {
    this.#settings = settings;
  }

  /**
   * @param master - the port of the server that takes changes
   * @param count - of Sentinels; the greater part of them must agree before a replica takes over
   * @param settings - more lines of their configuration
   */
  static async start(
    master: number,
    { count = 3, replicas = 0, settings = [] as string[] } = {},
  ): Promise<RedisSentinels> {
    const sentinels = new RedisSentinels(settings);
    for (let i = 0; i < count; i++) await sentinels.#run(master, Math.floor(count / 2) + 1);
    const all = { 'num-slaves': replicas, 'num-other-sentinels': count - 1 };
    for (const port of sentinels.#ports) while (!(await knows(port, all))) await wait(50);
    return sentinels;
  }

  /** Where a session manager finds the servers. */
  get where(): { name: string; nodes: string[] } {
    return { name: NAME, nodes: this.#ports.map((port) => `redis://127.0.0.1:${port}`) };
  }

  /** The port of the server that takes changes, as the Sentinels see it. */
  async master(): Promise<number> {
    const [port] = this.#ports as [number];
    const [, found] = (await redisCli(port, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME)).split('\n');
    return Number(found);
  }

  /** Has a replica take over though nothing is wrong. */
  async failOver(): Promise<void> {
    const [port] = this.#ports as [number];
    await redisCli(port, 'SENTINEL', 'FAILOVER', NAME);
  }

  /** How many connections there are on which a Sentinel is heard. */
  async listeners(): Promise<number> {
    const lists = await Promise.all(this.#ports.map((port) => redisCli(port, 'CLIENT', 'LIST', 'TYPE', 'pubsub')));
    return lists.flatMap((list) => list.split('\n')).filter((line) => line !== '').length;
  }

  async stop(): Promise<void> {
    const exits = this.#processes.map((process) => once(process, 'exit'));
    for (const process of this.#processes) process.kill('SIGKILL');
    await Promise.all(exits);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #run(master: number, quorum: number): Promise<void> {
    const port = await freePort();
    const settings = join(this.#folder, `${port}.conf`);
    const lines = [
      ...[`port ${port}`, 'bind 127.0.0.1', `dir ${this.#folder}`],
      ...[`sentinel monitor ${NAME} 127.0.0.1 ${master} ${quorum}`, `sentinel down-after-milliseconds ${NAME} 500`],
      ...[`sentinel failover-timeout ${NAME} 3000`, ...this.#settings],
    ];
    writeFileSync(settings, `${lines.join('\n')}\n`);
    this.#processes.push(spawn('redis-server', [settings, '--sentinel'], { stdio: 'ignore' }));
    this.#ports.push(port);
    while (!(await accepts(port))) await wait(20);
  }
}

/** Whether a Sentinel has found so many of each kind. */
async function knows(port: number, counts: Readonly<Record<string, number>>): Promise<boolean> {
  const lines = (await redisCli(port, 'SENTINEL', 'MASTER', NAME)).split('\n');
  return Object.entries(counts).every(([kind, count]) => lines[lines.indexOf(kind) + 1] === `${count}`);
}
