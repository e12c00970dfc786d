import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { SelfSigned } from './self-signed.js';
import { freePort } from './tcp-port.js';

const VERSIONS = '/usr/lib/postgresql';

/** The account that adapters use. */
export const ACCOUNT = { user: 'app', password: 'marked-database-secret' };
const TRUSTED = 'test';

/** A real PostgreSQL on 127.0.0.1 and a Unix socket, in a folder of its own. */
export class Postgres {
  readonly port: number;
  /** Where its socket is. */
  readonly folder: string;
  readonly #data: string;
  #process: ChildProcess | undefined;
  /** What it has logged since its start. */
  log = '';

  private constructor(port: number) {
    this.port = port;
    this.folder = mkdtempSync(join(tmpdir(), 'session-init-pg-'));
    this.#data = join(this.folder, 'data');
    if (isRoot()) chownSync(this.folder, ...account());
  }

  /** @param tls - its certificate and key, if it is to speak TLS */
  static async start({ tls, encoding = 'UTF8' }: { tls?: SelfSigned; encoding?: string } = {}): Promise<Postgres> {
    const postgres = new Postgres(await freePort());
    const { folder } = postgres;
    const made = spawnSync(
      ...asAccount(program('initdb'), [
        ...['-D', postgres.#data, '-U', TRUSTED, '--auth=trust', '--no-sync', '-E', encoding, '--locale=C'],
      ]),
      { encoding: 'utf8', cwd: folder },
    );
    if (made.status !== 0) throw new Error(`initdb has failed: ${made.stderr}`);
    writeFileSync(
      join(postgres.#data, 'pg_hba.conf'),
      `host all ${ACCOUNT.user} 127.0.0.1/32 scram-sha-256\nhost all ${TRUSTED} 127.0.0.1/32 trust\nlocal all all trust\n`,
    );
    if (tls !== undefined) postgres.useCertificate(tls);
    await postgres.run();
    await postgres.sql(`CREATE ROLE ${ACCOUNT.user} LOGIN PASSWORD '${ACCOUNT.password}'`);
    return postgres;
  }

  /** What it shows from its next start on, or after `SELECT pg_reload_conf()`. */
  useCertificate({ cert, key }: SelfSigned): void {
    for (const [name, text] of Object.entries({ 'server.crt': cert, 'server.key': key })) {
      const path = join(this.#data, name);
      writeFileSync(path, text);
      chmodSync(path, 0o600);
      if (isRoot()) chownSync(path, ...account());
    }
    writeFileSync(join(this.#data, 'postgresql.auto.conf'), 'ssl = on\n');
  }

  /** Runs it again, after {@link kill}, on the same port and the same data. */
  async run(): Promise<void> {
    const settings = [`port=${this.port}`, 'listen_addresses=127.0.0.1', `unix_socket_directories=${this.folder}`];
    const child = spawn(
      ...asAccount(program('postgres'), [
        ...['-D', this.#data],
        ...[...settings, 'fsync=off', 'max_connections=40', 'shared_buffers=16MB'].flatMap((setting) => [
          '-c',
          setting,
        ]),
      ]),
      { stdio: ['ignore', 'ignore', 'pipe'], cwd: this.folder },
    );
    this.#process = child;
    this.log = '';
    child.stderr.on('data', (text) => {
      this.log += text;
    });
    while (!(await this.#answers())) {
      if (child.exitCode !== null) throw new Error(`PostgreSQL has ended: ${this.log}`);
      await wait(20);
    }
  }

  /** Ends it at once, in the middle of whatever it does; with `SIGINT` in order, but without waiting for anybody. */
  async kill(signal: 'SIGQUIT' | 'SIGINT' = 'SIGQUIT'): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Runs statements as one who may do everything. @returns the rows, with `|` between their columns */
  async sql(text: string, database = 'postgres'): Promise<string[]> {
    const where = ['-h', '127.0.0.1', '-p', `${this.port}`, '-U', TRUSTED, '-d', database];
    const { stdout } = await run(program('psql'), [...where, '-XAtq', '-v', 'ON_ERROR_STOP=1', '-c', text]);
    return stdout.split('\n').filter((line) => line !== '');
  }

  async #answers(): Promise<boolean> {
    try {
      await this.sql('SELECT 1');
      return true;
    } catch {
      return false;
    }
  }
}

const run = promisify(execFile);

function program(name: string): string {
  const [newest] = readdirSync(VERSIONS).toSorted((a, b) => Number(b) - Number(a));
  return join(VERSIONS, newest as string, 'bin', name);
}

const isRoot = () => process.getuid?.() === 0;

/** PostgreSQL refuses to run as root. The package has made an account for it. */
function account(): [uid: number, gid: number] {
  const { uid, gid } = statSync('/var/lib/postgresql');
  return [uid, gid];
}

function asAccount(command: string, args: readonly string[]): [command: string, args: readonly string[]] {
  if (!isRoot()) return [command, args];
  const [uid, gid] = account();
  return ['setpriv', [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', command, ...args]];
}
