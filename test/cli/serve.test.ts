import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { runCommand, type ServeProcess, startServe } from '../support/command-line.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const servers: ServeProcess[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.kill('SIGKILL');
    await server.finished;
  }
});

async function serve(...[args, options]: Parameters<typeof startServe>): Promise<ServeProcess> {
  const server = await startServe(args, options);
  servers.push(server);
  return server;
}

const mode = (path: string) => statSync(path).mode & 0o777;

describe('the very first start', () => {
  test('makes the user demo, shows the secret once, and the command to try next, which works', async () => {
    const cwd = temporaryFolder();
    const server = await serve([], { cwd });
    expect(server.stdout()).toMatch(/a user was made to try the server with: demo\n/);
    expect(server.demoSecret).toMatch(/^[2-9a-z]{5}(-[2-9a-z]{5}){3}$/);
    const command = /^ {4}node \S+main\.js (.+)$/m.exec(server.stdout())?.[1] ?? '';
    expect(command).toBe(`init ${server.url} --user demo`);

    const { status, stdout } = await runCommand(command.split(' '), { cwd, input: `${server.demoSecret}\n` });
    expect(stdout).toMatch(/^Successful Auth: FullAuthSession\n/);
    expect(status).toBe(0);
    const wrong = await runCommand(command.split(' '), { cwd, input: 'marked-user-secret-1' });
    expect(wrong.stdout).toContain('AUTHENTICATION_DENIED');
    expect(wrong.status).toBe(1);

    server.kill('SIGTERM');
    expect((await server.finished).status).toBe(0);
    const again = await serve([], { cwd });
    expect(again.stdout()).toBe(`Listening on ${again.url}\n`);
  });

  test('ASVS 16.2.5: writes the secret to no file, and to no log', async () => {
    const cwd = temporaryFolder();
    const server = await serve(['--log-level', 'trace'], { cwd });
    await runCommand(['init', server.url, '--user', 'demo'], { input: server.demoSecret ?? '' });
    server.kill('SIGTERM');
    const { stderr } = await server.finished;
    const files = readdirSync(join(cwd, 'data')).map((name) => readFileSync(join(cwd, 'data', name), 'latin1'));
    for (const text of [stderr, ...files]) {
      expect(text).not.toContain(server.demoSecret);
      expect(text).not.toContain(Buffer.from(server.demoSecret ?? '').toString('base64'));
    }
    expect(files.join()).toContain('$argon2id$v=19$m=19456,t=2,p=1$');
  });

  test('makes a data folder, and files in it, that are for their owner alone', async () => {
    const cwd = temporaryFolder();
    await serve([], { cwd });
    expect(mode(join(cwd, 'data'))).toBe(0o700);
    expect(readdirSync(join(cwd, 'data')).map((name) => mode(join(cwd, 'data', name)))).toEqual(
      readdirSync(join(cwd, 'data')).map(() => 0o600),
    );
  });

  test('is not one if there are users already', async () => {
    const cwd = temporaryFolder();
    await runCommand(['user', 'add', 'alice'], { cwd, input: 'marked-user-secret-1' });
    const server = await serve([], { cwd });
    expect(server.demoSecret).toBeUndefined();
    expect(mode(join(cwd, 'data'))).toBe(0o700);
  });

  test('is not one if the users are lost but the sessions are there: nobody gets in by that', async () => {
    const cwd = temporaryFolder();
    mkdirSync(join(cwd, 'data'), { mode: 0o700 });
    writeFileSync(join(cwd, 'data/sessions.db'), '');
    const { status, stdout, stderr } = await runCommand(['serve', '--port', '0'], { cwd });
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/error: .*users\.json cannot be read \(ENOENT\)\. Create it with "session-init user add"/);
  });

  test('is not one if the users file is named in the configuration', async () => {
    const cwd = temporaryFolder();
    const env = { SESSION_INIT_AUTHENTICATOR_PATH: 'people.json' };
    const { status, stderr } = await runCommand(['serve', '--port', '0'], { cwd, env });
    expect(status).toBe(2);
    expect(stderr).toContain(`there is no file that can be read at ${join(cwd, 'people.json')}`);
    expect(readdirSync(cwd)).toEqual([]);
  });
});

describe('a data folder that others may enter', () => {
  test('is left as it is, with a warning', async () => {
    const cwd = temporaryFolder();
    mkdirSync(join(cwd, 'data'));
    chmodSync(join(cwd, 'data'), 0o755);
    const server = await serve([], { cwd });
    expect(server.log()).toContainEqual(
      expect.objectContaining({ level: 'warn', event: 'data_folder_exposed', folder: join(cwd, 'data') }),
    );
    expect(mode(join(cwd, 'data'))).toBe(0o755);
  });

  test('or that is a file is refused', async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'data'), '');
    const { status, stderr } = await runCommand(['serve', '--port', '0'], { cwd });
    expect(status).toBe(2);
    expect(stderr).toMatch(/The data folder .* cannot be made \(EEXIST\)\. There is a file in the way\./);
  });
});

describe('what cannot be served', () => {
  test('a port in use: says so, and makes nothing', async () => {
    const cwd = temporaryFolder();
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
    const { port } = blocker.address() as { port: number };
    const { status, stdout, stderr } = await runCommand(['serve', '--port', String(port)], { cwd });
    await new Promise((resolve) => blocker.close(resolve));
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toBe(
      `error: 127.0.0.1:${port}: the port is in use. Stop what listens there, or choose another port; 0 takes a free one.\n`,
    );
    expect(readdirSync(cwd)).toEqual([]);
  });

  test('a configuration with mistakes: shows them all, exits with 2, and makes nothing', async () => {
    const cwd = temporaryFolder();
    const file = join(cwd, 'session-init.json');
    writeFileSync(file, JSON.stringify({ listen: { prot: 1, host: '0.0.0.0' }, maxQueued: 'many' }));
    const env = { SESSION_INIT_LOG_LEVEL: 'loud' };
    for (const extra of [[], ['--check-config']]) {
      const { status, stdout, stderr } = await runCommand(['serve', '--profile', 'xml', ...extra], { cwd, env });
      expect(status).toBe(2);
      expect(stdout).toBe('');
      const problems = stderr.trimEnd().split('\n');
      expect(problems.map((line) => line.replace(/^error: ([\w.]+):.*\((.+)\)$/, '$1 $2')).sort()).toEqual(
        [
          'profile --profile',
          'log.level SESSION_INIT_LOG_LEVEL',
          `listen.prot ${file}`,
          `listen.host ${file}`,
          `maxQueued ${file}`,
        ].sort(),
      );
    }
    expect(readdirSync(cwd)).toEqual(['session-init.json']);
  });

  test('a certificate that is none', async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'x.pem'), 'marked-user-secret-1');
    const { status, stderr } = await runCommand(['serve', '--tls-cert', 'x.pem', '--tls-key', 'x.pem'], { cwd });
    expect(status).toBe(2);
    expect(stderr).toMatch(/^error: listen\.tls: .* cannot be used\. Are both in PEM, and of a pair\?\n$/);
    expect(existsSync(join(cwd, 'data'))).toBe(false);
  });
});

describe('--check-config', () => {
  test('shows what comes out, and where each setting comes from', async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'session-init.json'), '{"maxQueued": 7}');
    const { status, stdout } = await runCommand(['serve', '--check-config', '--port', '8080'], { cwd });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^listen\.port +8080 +\(--port\)$/m);
    expect(stdout).toMatch(new RegExp(`^maxQueued +7 +\\(${join(cwd, 'session-init.json')}\\)$`, 'm'));
    expect(stdout).toMatch(new RegExp(`^sessionManager\\.path +${join(cwd, 'data/sessions.db')} +\\(default\\)$`, 'm'));
    expect(readdirSync(cwd)).toEqual(['session-init.json']);
  });

  test('with --json gives a configuration that comes out the same when it is read again', async () => {
    const cwd = temporaryFolder();
    const { stdout } = await runCommand(['serve', '--check-config', '--json', '--port', '8080'], { cwd });
    writeFileSync(join(cwd, 'again.json'), stdout);
    await runCommand(['user', 'add', 'alice'], { cwd, input: 'marked-user-secret-1' });
    const again = await runCommand(['serve', '--check-config', '--json', '--config', 'again.json'], { cwd });
    expect(JSON.parse(again.stdout)).toEqual(JSON.parse(stdout));
  });

  test('says that a default is one, though its section is in the file, and shows what is in a list', async () => {
    const cwd = temporaryFolder();
    const authorizer = { type: 'rules', rules: [{ groups: ['staff'] }] };
    writeFileSync(join(cwd, 'session-init.json'), JSON.stringify({ listen: { port: 8080 }, authorizer }));
    const { stdout } = await runCommand(['serve', '--check-config'], { cwd });
    expect(stdout).toMatch(new RegExp(`^listen\\.port +8080 +\\(${join(cwd, 'session-init.json')}\\)$`, 'm'));
    expect(stdout).toMatch(/^listen\.host +127\.0\.0\.1 +\(default\)$/m);
    expect(stdout).toMatch(/^authorizer\.rules +\[\{"groups":\["staff"\]\}\]/m);
  });

  test('refuses what a start would refuse, all of it, each with its setting', async () => {
    const cwd = temporaryFolder();
    const authenticators = {
      corp: { type: 'ldap', url: 'ldap://ldap.example.com', userBase: 'dc=example' },
      codes: { type: 'totp', path: 'codes.json' },
    };
    writeFileSync(join(cwd, 'codes.json'), '{"secrets": {"ada": "marked0secret1"}}', { mode: 0o600 });
    const authenticator = { type: 'all-of', authenticators: ['corp', 'codes'] };
    writeFileSync(join(cwd, 'session-init.json'), JSON.stringify({ authenticators, authenticator }));
    const { status, stdout, stderr } = await runCommand(['serve', '--check-config'], { cwd });
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^error: authenticators\.corp: .*in clear/m);
    expect(stderr).toMatch(/^error: authenticators\.codes: .*codes\.json/m);
    expect(stderr).not.toContain('marked0secret1');
  });

  test('ASVS 16.2.5: shows no secret of static users, nor a placeholder that would be one', async () => {
    const cwd = temporaryFolder();
    const users = { alice: 'marked-user-secret-1' };
    const authenticator = { type: 'static', users, allowInsecureStaticUsers: true };
    writeFileSync(join(cwd, 'session-init.json'), JSON.stringify({ authenticator }));
    for (const format of [[], ['--json']]) {
      const { status, stdout, stderr } = await runCommand(['serve', '--check-config', ...format], { cwd });
      expect([status, stderr]).toEqual([0, '']);
      expect(stdout).not.toContain('marked');
      if (format.length > 0) expect(JSON.parse(stdout).authenticator.users).toEqual({ alice: null });
    }
  });
});
