import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { hashPassword } from '../../src/adapters/authenticators/users-file.js';
import { connect, FailedSessionInitInfo, Secret } from '../../src/client/index.js';
import { runCommand, type ServeProcess, startServe } from '../support/command-line.js';
import { describeWith } from '../support/requires.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const SECRET = 'marked-user-secret-1';

let cwd: string;
let server: ServeProcess | undefined;

beforeEach(() => {
  cwd = temporaryFolder();
});

afterEach(async () => {
  server?.kill('SIGKILL');
  await server?.finished;
  server = undefined;
});

const data = (name: string) => join(cwd, 'data', name);
const ask = (url: string, user: string, secret = SECRET) =>
  runCommand(['init', url, '--user', user, '--json'], { input: secret });

/** What is in a file, and when it was changed last. */
function traceOf(path: string): object {
  return { bytes: readFileSync(path).toString('hex'), changed: statSync(path).mtimeMs };
}

describe('a database that cannot be used', () => {
  let sound: string;

  beforeAll(async () => {
    sound = mkdtempSync(join(tmpdir(), 'session-init-test-'));
    const first = await startServe([], { cwd: sound });
    await ask(first.url, 'demo', first.demoSecret);
    first.kill('SIGTERM');
    await first.finished;
  });

  afterAll(() => rmSync(sound, { recursive: true }));

  const spoil: Record<string, (path: string) => void> = {
    'is read-only': (path) => chmodSync(path, 0o400),
    'is damaged at its head': (path) => overwrite(path, 0, 'not a database at all'),
    'is damaged in the middle': (path) => overwrite(path, 4096, 'x'.repeat(4096)),
    'was written by a later version': (path) => overwrite(path, 60, '\0\0\0\x63'),
    'is that of another application': (path) => overwrite(path, 68, 'zzzz'),
  };

  test.each(Object.entries(spoil))('since it %s: the server says so and does not touch it', async (name, harm) => {
    cpSync(join(sound, 'data'), join(cwd, 'data'), { recursive: true });
    const path = data('sessions.db');
    harm(path);
    const before = traceOf(path);
    const { status, stdout, stderr } = await runCommand(['serve', '--port', '0'], { cwd });
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^error: The session database .*sessions\.db cannot be opened, and was left as it is: /);
    expect(stderr).toMatch(
      {
        'is read-only': /read-only/,
        'is damaged at its head': /damaged/,
        'is damaged in the middle': /damaged/,
        'was written by a later version': /later version/,
        'is that of another application': /another application/,
      }[name] as RegExp,
    );
    expect(traceOf(path)).toEqual(before);
  });

  function overwrite(path: string, offset: number, text: string): void {
    const bytes = readFileSync(path);
    bytes.write(text, offset, 'latin1');
    writeFileSync(path, bytes);
  }
});

describe('a users file that cannot be used', () => {
  let hash: string;

  beforeAll(async () => {
    hash = (await hashPassword(new Secret(SECRET))).encoded;
  });

  test.each([
    ['half of it', (text: string) => text.slice(0, text.length / 2)],
    ['nothing', () => ''],
    ['a secret in clear', () => '{"users":{"alice":{"secret_hash":"marked-user-secret-1"}}}'],
  ])('since it holds %s: the server does not start, and shows nothing of it', async (_, spoilt) => {
    const text = JSON.stringify({ users: { alice: { secret_hash: hash } } });
    mkdirSync(join(cwd, 'data'), { mode: 0o700 });
    writeFileSync(data('users.json'), spoilt(text));
    const { status, stderr } = await runCommand(['serve', '--port', '0'], { cwd });
    expect(status).toBe(2);
    expect(stderr).toMatch(/error: .*users\.json/);
    expect(stderr).not.toContain('marked');
    expect(stderr).not.toContain('$argon2id$');
    expect(readFileSync(data('users.json'), 'utf8')).toBe(spoilt(text));
  });

  test('once the server runs: the last good one stays in force, the log says why, and a good one is taken again', async () => {
    await runCommand(['user', 'add', 'alice'], { cwd, input: SECRET });
    const env = { SESSION_INIT_AUTHENTICATOR_POLL_INTERVAL: '20' };
    server = await startServe([], { cwd, env });
    copyFileSync(data('users.json'), data('good.json'));
    writeFileSync(data('users.json'), '{"users": {"alice": {"secret_hash": "$argon2id$v=19$m=19');
    expect(await server.logged({ event: 'users_file_refused' })).toMatchObject({
      level: 'error',
      file: data('users.json'),
      cause: expect.stringMatching(/ConfigurationError .*not valid JSON/),
    });
    expect((await ask(server.url, 'alice')).status).toBe(0);

    renameSync(data('good.json'), data('users.json'));
    await runCommand(['user', 'add', 'bob'], { cwd, input: 'marked-user-secret-2' });
    await server.logged({ event: 'users_file_loaded', users: 2 });
    expect((await ask(server.url, 'bob', 'marked-user-secret-2')).status).toBe(0);
  });
});

const resourceLimits = { command: 'prlimit', install: 'apt-get install -y --no-install-recommends util-linux' };

describeWith(resourceLimits, 'a disk that is full', (prlimit) => {
  /** Of a file, in blocks of 512 bytes: beyond it, a write fails. It is the soft limit, which can be lifted again. */
  const LIMIT = 400;

  test('fails inits with SESSION_MANAGER_FAIL, and the server goes on and recovers', async () => {
    const authenticator = { type: 'static', users: { alice: SECRET }, allowInsecureStaticUsers: true };
    writeFileSync(join(cwd, 'session-init.json'), JSON.stringify({ authenticator }));
    // Without the trap, the signal that comes with such a write ends the process, which a full disk does not.
    const wrapper = ['sh', '-c', `trap '' XFSZ; ulimit -S -f ${LIMIT}; exec "$@"`, 'sh'];
    server = await startServe([], { cwd, wrapper });
    const client = connect(server.url);
    const init = async () => {
      const { data } = await client.init({ username: 'alice', user_secret: SECRET });
      return data instanceof FailedSessionInitInfo ? data.reason : undefined;
    };
    let failed: string | undefined;
    for (let count = 0; failed === undefined && count < 2_000; count++) failed = await init();
    expect(failed).toBe('SESSION_MANAGER_FAIL');
    expect(await init()).toBe('SESSION_MANAGER_FAIL');
    expect(await server.logged({ event: 'session_init_fault' })).toMatchObject({
      code: 'session_manager_fail',
      cause: expect.stringContaining('sessions.db failed'),
    });
    spawnSync(prlimit, ['--pid', String(server.pid), '--fsize=unlimited:']);
    expect(await init()).toBeUndefined();
    client.close();
    server.kill('SIGTERM');
    expect((await server.finished).status).toBe(0);
  });
});
