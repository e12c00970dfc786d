import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ConfigurationError } from '../../src/index.js';
import { type LoadServerConfigOptions, loadServerConfig } from '../../src/server/load-config.js';

let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'session-init-config-')));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, content: unknown): string {
  const file = join(folder, name);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

const load = (options: LoadServerConfigOptions = {}) => loadServerConfig({ environment: {}, folder, ...options });

async function problemsOf(options: LoadServerConfigOptions): Promise<readonly string[]> {
  const error = await load(options).then(
    () => new Error('it was taken'),
    (cause: unknown) => cause,
  );
  if (!(error instanceof ConfigurationError)) throw error;
  return error.problems;
}

describe('where the configuration comes from', () => {
  test('without anything, all is as documented', async () => {
    const { config, sourceOf } = await load();
    expect(config).toMatchObject({
      dataDir: join(folder, 'data'),
      listen: { host: '127.0.0.1', port: 3012 },
      authenticator: { type: 'users-file' },
      authorizer: { type: 'allow-all' },
      sessionManager: { type: 'sqlite', limitPolicy: 'evictOldest' },
      deadlines: { request: 10_000 },
      throttle: { enabled: true, account: { maxFailures: 50 } },
      log: { level: 'info', format: 'auto' },
    });
    expect(sourceOf('listen.port')).toBe('default');
  });

  test('flags go before variables, these before the file, and that before the defaults', async () => {
    const file = write('session-init.json', {
      listen: { port: 1, host: '::1' },
      profile: 'dmod',
      log: { level: 'warn' },
    });
    const { config, sourceOf } = await load({
      environment: { SESSION_INIT_LISTEN_PORT: '2', SESSION_INIT_LOG_LEVEL: 'error', PATH: '/bin' },
      flags: [{ flag: '--port', setting: 'listen.port', value: '3' }],
    });
    expect(config).toMatchObject({ listen: { port: 3, host: '::1' }, profile: 'dmod', log: { level: 'error' } });
    expect(['listen.port', 'log.level', 'profile', 'maxQueued'].map(sourceOf)).toEqual([
      '--port',
      'SESSION_INIT_LOG_LEVEL',
      file,
      'default',
    ]);
  });

  test('--config goes before SESSION_INIT_CONFIG, and that before session-init.json', async () => {
    write('session-init.json', { maxQueued: 1 });
    write('b.json', { maxQueued: 2 });
    write('c.json', { maxQueued: 3 });
    const environment = { SESSION_INIT_CONFIG: 'b.json' };
    expect((await load()).config.maxQueued).toBe(1);
    expect((await load({ environment })).config.maxQueued).toBe(2);
    expect((await load({ environment, file: 'c.json' })).config.maxQueued).toBe(3);
  });

  test('one variable of a part leaves the rest of it as it is, the variant included', async () => {
    const { config } = await load({
      environment: {
        SESSION_INIT_SESSION_MANAGER_IDLE_TIMEOUT: '60000',
        SESSION_INIT_THROTTLE_ENABLED: 'false',
        SESSION_INIT_AUTHORIZER_TYPE: 'groups',
        SESSION_INIT_AUTHORIZER_ANY_OF: 'ops, staff',
      },
    });
    expect(config.sessionManager).toMatchObject({ type: 'sqlite', idleTimeout: 60_000 });
    expect(config.throttle.enabled).toBe(false);
    expect(config.authorizer).toEqual({ type: 'groups', anyOf: ['ops', 'staff'] });
  });

  test('paths in the file start from its folder, the others from the working directory', async () => {
    mkdirSync(join(folder, 'etc'));
    write('etc/cert.pem', '');
    write('key.pem', '');
    write('etc/config.json', { dataDir: 'state', listen: { tls: { cert: 'cert.pem', key: '../key.pem' } } });
    const { config } = await load({
      file: 'etc/config.json',
      environment: { SESSION_INIT_SESSION_MANAGER_PATH: 'x.db' },
    });
    expect(config.dataDir).toBe(join(folder, 'etc/state'));
    expect(config.listen.tls).toEqual({ cert: join(folder, 'etc/cert.pem'), key: join(folder, 'key.pem') });
    expect(config.sessionManager).toMatchObject({ path: join(folder, 'x.db') });
  });

  test('a file may name its schema, and begin with a byte order mark', async () => {
    write('session-init.json', `\ufeff${JSON.stringify({ $schema: './server-config.schema.json', maxQueued: 5 })}`);
    expect((await load()).config.maxQueued).toBe(5);
  });

  test('variables that Kubernetes sets for a service named session-init are passed over', async () => {
    const environment = {
      SESSION_INIT_SERVICE_HOST: '10.0.0.1',
      SESSION_INIT_SERVICE_PORT: '3012',
      SESSION_INIT_SERVICE_PORT_WS: '3012',
      SESSION_INIT_PORT: 'tcp://10.0.0.1:3012',
      SESSION_INIT_PORT_3012_TCP_ADDR: '10.0.0.1',
    };
    expect((await load({ environment })).config.listen.port).toBe(3012);
  });
});

describe('what is wrong', () => {
  test('is told all at once, each with its setting, a remedy and its source', async () => {
    const file = write('bad.json', {
      listen: { port: '3012', host: '0.0.0.0', tls: { cert: 'none.pem' }, hosts: [] },
      authenticator: { type: 'static', users: { alice: 1 } },
      authorizer: { type: 'groups' },
      sessionManager: { type: 'mongodb' },
      throttle: { account: { maxFailures: 101 } },
      maxInFlight: 1.5,
      authoriser: {},
    });
    const problems = await problemsOf({
      file,
      environment: { SESSION_INIT_LOG_LEVEL: 'loud', SESSION_INIT_DRAIN_DEADLINE: 'long', SESSION_INIT_PORTS: '1' },
      flags: [{ flag: '--profile', setting: 'profile', value: 'xml' }],
    });
    expect([...problems].sort()).toEqual(
      [
        'SESSION_INIT_PORTS: no setting has this name. "session-init serve --help" shows how they are named.',
        `listen.port: it must be a whole number, and is a string. The TCP port; 0 takes a free one. (${file})`,
        `listen.hosts: there is no such setting. Is host meant? (${file})`,
        `listen.tls.key: it is missing. A PEM file with the private key. A relative path starts from the folder of this file. (${file})`,
        `listen.tls.cert: there is no file that can be read at ${join(folder, 'none.pem')}. (${file})`,
        `authenticator.users.alice: it must be a text, and is an integer. The secret, in clear. (${file})`,
        `authenticator.allowInsecureStaticUsers: it is missing. Must be true, to say that you know: whoever can read this file has the secret of every user. (${file})`,
        `authorizer.type: no group is named, which would let everybody in. Name one in authorizer.anyOf, allOf or noneOf. (${file})`,
        `sessionManager.type: it must be sqlite or redis or postgres or memory, and is something else. (${file})`,
        `throttle.account.maxFailures: it must be at most 100, and is 101. NIST SP 800-63B-4 allows at most 100. (${file})`,
        `maxInFlight: it must be a whole number, and is 1.5. Inits that talk to the backends at the same time. (${file})`,
        `authoriser: there is no such setting. Is authorizer meant? (${file})`,
        'log.level: it must be trace or debug or info or warn or error or fatal or silent, and is something else. The least important lines to write. (SESSION_INIT_LOG_LEVEL)',
        'drainDeadline: it must be a whole number, and is a string. How long inits may still take when the server is told to stop. In milliseconds. (SESSION_INIT_DRAIN_DEADLINE)',
        'profile: it must be rfc3339 or dmod, and is something else. How times are written to clients; dmod is for existing DMOD clients. (--profile)',
      ].sort(),
    );
  });

  test('is a value that was misspelt: the one that it is like is named, and it is not shown', async () => {
    write('session-init.json', {
      authenticator: { type: 'lpad' },
      sessionManager: { limitPolicy: 'evict-oldest' },
      log: { level: 'marked-user-secret-1' },
    });
    const problems = await problemsOf({});
    expect(problems.join('\n')).not.toMatch(/lpad|evict-oldest|marked/);
    expect(problems.map((problem) => / Is (\w+) meant\?/.exec(problem)?.[1])).toEqual([
      'ldap',
      'evictOldest',
      undefined,
    ]);
  });

  test('ASVS 4.4.1: is plain text on an address that others can reach, unless it is allowed by name', async () => {
    for (const host of ['0.0.0.0', '::', '192.0.2.1', 'example.org']) {
      const environment = { SESSION_INIT_LISTEN_HOST: host };
      expect(await problemsOf({ environment })).toEqual([
        'listen.host: secrets would cross the network unencrypted. Set listen.tls; or, behind a proxy that ends TLS, set listen.allowPlaintext to true. (SESSION_INIT_LISTEN_HOST)',
      ]);
      const allowed = { ...environment, SESSION_INIT_LISTEN_ALLOW_PLAINTEXT: 'true' };
      expect((await load({ environment: allowed })).config.listen.host).toBe(host);
    }
    for (const host of ['127.0.0.1', '127.9.9.9', '::1', 'localhost']) {
      expect((await load({ environment: { SESSION_INIT_LISTEN_HOST: host } })).config.listen.host).toBe(host);
    }
  });

  test('is an origin or a proxy that is none', async () => {
    const environment = {
      SESSION_INIT_LISTEN_ORIGINS: 'https://app.example.org,example.org',
      SESSION_INIT_LISTEN_TRUSTED_PROXIES: '10.0.0.0/8,10.0.0.0/33',
    };
    expect(await problemsOf({ environment })).toEqual([
      'listen.origins: "example.org" is no origin such as https://app.example.org. (SESSION_INIT_LISTEN_ORIGINS)',
      'listen.trustedProxies: "10.0.0.0/33" is neither an IP address nor a range such as 10.0.0.0/8. (SESSION_INIT_LISTEN_TRUSTED_PROXIES)',
    ]);
  });

  test('is plain text even when another setting of the same part is wrong, too', async () => {
    write('session-init.json', { listen: { host: '0.0.0.0', port: -1 } });
    expect(await problemsOf({})).toHaveLength(2);
  });

  test.each([
    ['not JSON', '{"listen": {\n  "port": 1,\n}}', /it is not valid JSON\./],
    ['no object', '[1]', /it must hold an object, and holds an array\./],
    ['empty', '', /it is not valid JSON\./],
    ['a setting twice', '{"listen":{"port":1,\n"port":2}}', /listen\.port: it is there for a second time, in line 2\./],
    ['a setting of another kind', '{"listen": 3012}', /listen: it must be an object, and is an integer\./],
    [
      'a text where a variant should be',
      '{"authenticator": "static"}',
      /authenticator: it must be an object, and is a string/,
    ],
  ])('is a file that is or has %s', async (_, content, expected) => {
    write('session-init.json', content);
    expect((await problemsOf({})).join('\n')).toMatch(expected);
  });

  test('is a file that is named and cannot be read', async () => {
    expect(await problemsOf({ file: 'none.json' })).toEqual([
      `${join(folder, 'none.json')}: there is no such file. Create it, or name another with --config.`,
    ]);
    expect(await problemsOf({ file: '.' })).toEqual([`${folder}: it is a folder. Name the file with --config.`]);
    writeFileSync(join(folder, 'latin1.json'), Buffer.from([0x7b, 0xe9, 0x7d]));
    expect(await problemsOf({ file: 'latin1.json' })).toEqual([
      `${join(folder, 'latin1.json')}: it is not UTF-8. Save it as such.`,
    ]);
  });

  test('is told of variables and flags even if the file cannot be read', async () => {
    const problems = await problemsOf({ file: 'none.json', environment: { SESSION_INIT_MAX_QUEUED: '-1' } });
    expect(problems).toHaveLength(2);
    expect(problems[1]).toMatch(/^maxQueued: it must be at least 0, and is -1\. .*\(SESSION_INIT_MAX_QUEUED\)$/);
  });

  test('is an empty variable, which sets nothing that a text could be', async () => {
    expect(await problemsOf({ environment: { SESSION_INIT_DATA_DIR: '' } })).toEqual([
      expect.stringMatching(
        /^dataDir: it must be a text that is not empty, and is empty\. .*\(SESSION_INIT_DATA_DIR\)$/,
      ),
    ]);
  });

  test.each(['__proto__', 'constructor', 'toString'])(
    'is a setting named %s, which changes no prototype',
    async (name) => {
      write('session-init.json', `{"${name}": {"maxQueued": 7}, "listen": {"${name}": {"port": 1}}}`);
      expect((await problemsOf({})).map((problem) => problem.replace(/:.*/, ''))).toEqual(
        expect.arrayContaining([name, `listen.${name}`]),
      );
      expect(({} as { maxQueued?: number }).maxQueued).toBeUndefined();
    },
  );
});

describe('secrets', () => {
  const users = { alice: 'marked-user-secret-1' };

  test('ASVS 16.2.5: of static users are in no problem', async () => {
    write('session-init.json', {
      authenticator: { type: 'static', users: { ...users, bob: { secret: 'marked-user-secret-2' } }, x: 'marked-3' },
    });
    expect((await problemsOf({})).join()).not.toMatch(/marked/);
    write('session-init.json', '{"authenticator": {"users": {"alice": "marked-user-secret-1" "');
    expect((await problemsOf({})).join()).not.toMatch(/marked/);
  });

  test('ASVS 16.2.5: of static users are redacted in what is shown of a configuration', async () => {
    write('session-init.json', { authenticator: { type: 'static', users, allowInsecureStaticUsers: true } });
    const { config } = await load();
    expect(JSON.stringify(config)).not.toContain('marked');
    expect(JSON.stringify(config)).toContain('"alice":"[redacted');
  });

  test('cannot be given in a variable', async () => {
    const problems = await problemsOf({
      environment: { SESSION_INIT_AUTHENTICATOR_USERS: 'alice=marked-user-secret-1' },
    });
    expect(problems.join()).toMatch(/SESSION_INIT_AUTHENTICATOR_USERS: no setting has this name/);
    expect(problems.join()).not.toContain('marked');
  });
});
