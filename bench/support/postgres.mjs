import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, readdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const PROGRAMS = '/usr/lib/postgresql';

/**
 * Starts a PostgreSQL on a Unix socket, and runs `sql` in it. It ends with this process.
 *
 * @param {string} sql
 * @returns how to connect
 */
export async function startPostgres(sql) {
  const folder = mkdtempSync(join(tmpdir(), 'session-init-bench-'));
  const data = join(folder, 'data');
  if (isRoot()) chownSync(folder, ...account());
  const made = spawnSync(
    ...asAccount('initdb', ['-D', data, '-U', 'bench', '--auth=trust', '--no-sync', '-E', 'UTF8']),
  );
  if (made.status !== 0) throw new Error(`initdb has failed: ${made.stderr}`);
  const settings = ['listen_addresses=', `unix_socket_directories=${folder}`, 'fsync=off'].flatMap((one) => [
    '-c',
    one,
  ]);
  const server = spawn(...asAccount('postgres', ['-D', data, ...settings]), { stdio: 'ignore' });
  process.once('exit', () => {
    server.kill('SIGQUIT');
    // It still writes as it ends, and this process does not wait for it.
    spawn('sh', ['-c', `sleep 1; rm -rf '${folder}'`], { detached: true, stdio: 'ignore' }).unref();
  });
  const psql = (text) => execFileSync(program('psql'), ['-h', folder, '-U', 'bench', '-d', 'postgres', '-Xqc', text]);
  for (;;) {
    if (server.exitCode !== null) throw new Error('PostgreSQL has ended.');
    if (statSync(join(folder, '.s.PGSQL.5432'), { throwIfNoEntry: false }) !== undefined) break;
    await wait(20);
  }
  await wait(200);
  psql(sql);
  return { host: folder, port: 5432, database: 'postgres', user: 'bench' };
}

function program(name) {
  const [newest] = readdirSync(PROGRAMS).toSorted((a, b) => Number(b) - Number(a));
  return join(PROGRAMS, newest, 'bin', name);
}

const isRoot = () => process.getuid?.() === 0;

function account() {
  const { uid, gid } = statSync('/var/lib/postgresql');
  return [uid, gid];
}

/** PostgreSQL refuses to run as root. */
function asAccount(name, args) {
  if (!isRoot()) return [program(name), args];
  const [uid, gid] = account();
  return ['setpriv', [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', program(name), ...args]];
}
