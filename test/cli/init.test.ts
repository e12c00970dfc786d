import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { generateSync } from 'otplib';
import { decodeSessionInitResponse, type FullAuthSession } from '../../src/index.js';
import { runCommand, type ServeProcess, startServe } from '../support/command-line.js';
import { describeWith, openssl } from '../support/requires.js';
import { tempFolder } from '../support/temp-folder.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const SECRET = 'marked-user-secret-1';
const UNICODE_SECRET = ' Passwört\u{1f98a} ';
const CONFIG = {
  authenticator: {
    type: 'static',
    users: { alice: SECRET, zoë: UNICODE_SECRET },
    allowInsecureStaticUsers: true,
  },
  sessionManager: { type: 'memory' },
  throttle: { account: { maxFailures: 3 } },
};

function configured(folder: string, more: object = {}): string {
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...CONFIG, ...more }));
  return join(folder, 'config.json');
}

describe('init', () => {
  let server: ServeProcess;

  beforeAll(async () => {
    server = await startServe(['--config', configured(temporaryFolder())]);
  });

  afterAll(async () => {
    server.kill('SIGTERM');
    expect((await server.finished).status).toBe(0);
  });

  const init = (args: readonly string[], input: string | Buffer = SECRET) =>
    runCommand(['init', server.url, ...args], { input });

  test('shows the session, but its secret only when it is asked to', async () => {
    const hidden = await init(['--user', 'alice']);
    expect([hidden.status, hidden.stderr]).toEqual([0, '']);
    expect(hidden.stdout).toMatch(
      /^Successful Auth: FullAuthSession\n {2}session_id {5}\d+\n {2}session_secret \(hidden/,
    );
    expect(hidden.stdout).not.toMatch(/[0-9a-f]{64}/);
    const shown = await init(['--user', 'alice', '--show-secret']);
    expect(shown.stdout).toMatch(/session_secret [0-9a-f]{64}\n/);
  });

  test('with --json prints the response as it is on the wire, for a success and for a failure', async () => {
    const success = await init(['--user', 'alice', '--json']);
    const { data } = decodeSessionInitResponse(JSON.parse(success.stdout));
    expect((data as FullAuthSession).session_secret?.reveal()).toMatch(/^[0-9a-f]{64}$/);
    const failure = await init(['--user', 'nobody', '--json']);
    expect(failure.status).toBe(1);
    expect(JSON.parse(failure.stdout)).toMatchObject({
      success: false,
      data: { user: 'nobody', reason: 'AUTHENTICATION_DENIED', code: 'authentication_denied' },
    });
  });

  test('says of a refusal what to do, and uses no colours where there is no terminal', async () => {
    const wrong = () => init(['--user', 'mallory'], 'wrong');
    const { status, stdout, stderr } = await wrong();
    expect(status).toBe(1);
    expect(stdout).toMatch(/^Failed Auth: FailedSessionInitInfo\n/);
    expect(stderr).toBe('Check the user name and the secret.\n');
    await wrong();
    await wrong();
    const locked = await wrong();
    expect(locked.status).toBe(1);
    expect(locked.stdout).toContain('locked');
    expect(locked.stderr).toMatch(/^Try again in \d+ s\.\n$/);
    expect(stdout + locked.stdout).not.toContain('\u001b');
  });

  test('takes the secret from a file or from the standard input, without the line break at its end', async () => {
    const file = join(temporaryFolder(), 'secret');
    writeFileSync(file, `${UNICODE_SECRET}\n`);
    const results = await Promise.all([
      init(['--user', 'zoë', '--secret-file', file], 'not this'),
      init(['--user', 'zoë', '--secret-file', '-'], `${UNICODE_SECRET}\r\n`),
      init(['--user', 'zoë'], UNICODE_SECRET.trim()),
    ]);
    expect(results.map(({ status }) => status)).toEqual([0, 0, 1]);
  });

  test('sends nothing if there is no secret, or it has no end', async () => {
    const lines = server.log().length;
    const results = await Promise.all([
      init(['--user', 'alice'], ''),
      init(['--user', 'alice'], Buffer.alloc(10_000_000, 'x')),
    ]);
    expect(results.map(({ status, stdout }) => [status, stdout])).toEqual([
      [2, ''],
      [2, ''],
    ]);
    expect(server.log()).toHaveLength(lines);
  });

  test('ASVS 14.2.1: refuses a secret as an argument, and does not repeat it', async () => {
    const ways = [['--secret', SECRET], [`--secret=${SECRET}`], ['--user-secret', SECRET], ['--password', SECRET]];
    for (const result of await Promise.all(ways.map((way) => init(['--user', 'alice', ...way])))) {
      expect([result.status, result.stdout]).toEqual([2, '']);
      expect(result.stderr).toMatch(/^error: A secret is never an argument: /);
      expect(result.stderr).not.toContain(SECRET);
    }
  });

  test('ASVS 14.2.1: refuses a URL with a secret in it, and does not repeat it', async () => {
    const url = server.url.replace('ws://', `ws://alice:${SECRET}@`);
    const { status, stderr } = await runCommand(['init', url, '--user', 'alice'], { input: SECRET });
    expect(status).toBe(2);
    expect(stderr).not.toContain(SECRET);
  });

  test('ASVS 4.4.1: sends no secret in clear over a network, unless it is told to', async () => {
    const { status, stderr } = await runCommand(['init', 'ws://192.0.2.1:3012', '--user', 'alice'], { input: SECRET });
    expect(status).toBe(2);
    expect(stderr).toMatch(/in clear/);
  });

  test.each([
    ['no user', [], /required option '--user <name>'/],
    ['two servers', ['ws://127.0.0.1:1', '--user', 'alice'], /too many arguments/],
    ['an unknown option', ['--user', 'alice', '--jsn'], /unknown option '--jsn'\n\(Did you mean --json\?\)/],
    ['a time that is none', ['--user', 'alice', '--timeout', 'long'], /--timeout must be/],
    [
      'a secret file that is not there',
      ['--user', 'alice', '--secret-file', '/nonexistent/x'],
      /cannot be read .*ENOENT/,
    ],
    ['a secret file that is a folder', ['--user', 'alice', '--secret-file', '/'], /cannot be read .*EISDIR/],
  ])('exits with 2 for %s', async (_, args, expected) => {
    const { status, stdout, stderr } = await init(args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(expected);
  });
});

describe('init with a second factor', () => {
  const TOTP = 'NVQXE23FMQWXK43FOIWXGZLDOJSXILJR';
  const codeNow = () => generateSync({ secret: TOTP, epoch: Date.now() / 1_000 });
  const folder = tempFolder();
  let server: ServeProcess;

  beforeAll(async () => {
    writeFileSync(join(folder, 'totp.json'), JSON.stringify({ secrets: { alice: TOTP } }), { mode: 0o600 });
    const authenticators = { people: CONFIG.authenticator, codes: { type: 'totp', path: 'totp.json' } };
    const authenticator = { type: 'all-of', authenticators: ['people', 'codes'] };
    server = await startServe(['--config', configured(folder, { authenticators, authenticator })]);
  });

  afterAll(async () => {
    server.kill('SIGTERM');
    await server.finished;
  });

  test('sends the one-time code, from a file or from the standard input', async () => {
    const [code, secret] = [join(folder, 'code'), join(folder, 'secret')];
    writeFileSync(code, `${codeNow()}\n`);
    writeFileSync(secret, SECRET);
    const init = (args: string[], input: string) =>
      runCommand(['init', server.url, '--user', 'alice', ...args], { input });
    expect((await init([], SECRET)).status).toBe(1);
    expect((await init(['--one-time-code-file', code], SECRET)).status).toBe(0);
    // It was right, and is used.
    const again = await init(['--one-time-code-file', '-', '--secret-file', secret], codeNow());
    expect([again.status, server.log().at(-1)?.['path']]).toEqual([
      1,
      expect.arrayContaining([expect.objectContaining({ cause: 'codeUsed' })]),
    ]);
    expect(server.log().at(-1)).not.toHaveProperty('code', 'malformed_request');
  });

  test('sends nothing where the code cannot be read', async () => {
    const lines = server.log().length;
    const ways: [args: string[], problem: RegExp][] = [
      [['--one-time-code-file', '-'], /Only one of the secret and the one-time code/],
      [['--one-time-code'], /There is no terminal to ask for the one-time code on/],
      [['--one-time-code-file', '/nonexistent/x'], /one-time code cannot be read .*ENOENT/],
      [['--one-time-code-file', process.execPath], /one-time code is/],
    ];
    const init = ([args]: (typeof ways)[number]) =>
      runCommand(['init', server.url, '--user', 'alice', ...args], { input: SECRET });
    for (const [index, { status, stderr }] of (await Promise.all(ways.map(init))).entries()) {
      expect(status).toBe(2);
      expect(stderr).toMatch(ways[index]?.[1] as RegExp);
    }
    expect(server.log()).toHaveLength(lines);
  });
});

describe('init, where nobody answers', () => {
  test('exits with 3 if there is no server, and says so', async () => {
    const { status, stdout, stderr } = await runCommand(['init', 'ws://127.0.0.1:9', '--user', 'alice', '--json'], {
      input: SECRET,
    });
    expect(status).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ success: false, data: { reason: 'REQUEST_TIMED_OUT', user: 'alice' } });
    expect(stderr).toMatch(/^No connection to ws:\/\/127\.0\.0\.1:9\. .*ECONNREFUSED/);
  });
});

describeWith(openssl, 'init over TLS', (command) => {
  test('ASVS 4.4.1: trusts the certificates that it is given, and no others', async () => {
    const folder = temporaryFolder();
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
    const made = spawnSync(command, [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-keyout', key, '-out', cert, ...subject],
    ]);
    expect(made.status).toBe(0);
    const tls = ['--tls-cert', cert, '--tls-key', key];
    const server = await startServe(['--config', configured(folder), ...tls]);
    expect(server.url).toMatch(/^wss:/);
    const init = (args: string[]) => runCommand(['init', server.url, '--user', 'alice', ...args], { input: SECRET });
    const trusting = await init(['--ca', cert]);
    expect([trusting.status, trusting.stderr]).toEqual([0, '']);
    const distrusting = await init([]);
    expect(distrusting.status).toBe(3);
    expect(distrusting.stderr).toMatch(/DEPTH_ZERO_SELF_SIGNED_CERT/);
    server.kill('SIGTERM');
    expect((await server.finished).status).toBe(0);
  });
});
