import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { parse } from 'yaml';
import { connect, requestSession } from '../src/client/index.js';
import { type RunningServer, serverConfigSchema, startServer } from '../src/server/index.js';
import { loadServerConfig } from '../src/server/load-config.js';
import { runCommand } from './support/command-line.js';
import { type LogFile, openLogFile } from './support/log-file.js';
import { root } from './support/package-exports.js';
import { describeWith, haproxy, openssl, redisServer } from './support/requires.js';
import { selfSigned } from './support/self-signed.js';
import { accepts, freePort } from './support/tcp-port.js';
import { tempFolder } from './support/temp-folder.js';

jest.setTimeout(120_000);

const deployment = join(root, 'docs/several-nodes');
const textOf = (name: string) => readFileSync(join(deployment, name), 'utf8');
const page = readFileSync(join(root, 'docs/several-nodes.md'), 'utf8');

const SECRET = 'marked-user-secret-1';
const REDIS_SECRET = 'marked-redis-secret';

interface Service {
  secrets?: string[];
  configs?: { source: string; target: string }[];
  networks: Record<string, { ipv4_address?: string }>;
  healthcheck?: { test: string[] };
  command?: string[];
  stop_grace_period?: string;
}

interface Deployment {
  services: Record<string, Service>;
  configs: Record<string, { file: string }>;
  secrets: Record<string, { file: string }>;
}

const compose: Deployment = parse(textOf('compose.yaml'), { merge: true });
const nodes = ['node1', 'node2', 'node3'].map((name) => compose.services[name] as Service);
const addressOf = (name: string) => compose.services[name]?.networks['inside']?.ipv4_address as string;
const config = JSON.parse(textOf('session-init.json'));
const folder = tempFolder();

/** The users and the secrets of the deployment, and its configuration with the paths to them. */
async function writeConfig(change: (text: string) => string = (text) => text): Promise<string> {
  const added = await runCommand(['user', 'add', 'alice', '--data-dir', folder], { cwd: folder, input: SECRET });
  expect([0, 1]).toContain(added.status);
  writeFileSync(join(folder, 'redis-password'), REDIS_SECRET, { mode: 0o600 });
  const text = textOf('session-init.json')
    .replace('/run/secrets/users', join(folder, 'users.json'))
    .replaceAll('/run/secrets/', `${folder}/`);
  const path = join(folder, 'session-init.json');
  writeFileSync(path, change(text));
  return path;
}

describe('the deployment of docs/several-nodes', () => {
  test('names files that are there, and secrets that the page says how to make', () => {
    const files = Object.values(compose.configs).map(({ file }) => file);
    expect(files.filter((file) => !existsSync(join(deployment, file)))).toEqual([]);
    for (const { file } of Object.values(compose.secrets)) expect(page).toContain(file.replace('./', ''));
    expect(readdirSync(deployment).filter((name) => !page.includes(name) && !name.startsWith('.'))).toEqual([]);
    for (const { secrets = [], configs = [] } of Object.values(compose.services)) {
      expect(secrets.filter((name) => !Object.hasOwn(compose.secrets, name))).toEqual([]);
      expect(configs.filter(({ source }) => !Object.hasOwn(compose.configs, source))).toEqual([]);
    }
    expect(textOf('Dockerfile')).toContain(nodes[0]?.configs?.[0]?.target);
  });

  test('has a configuration that --check-config takes', async () => {
    const { status, stderr } = await runCommand(['serve', '--check-config', '--config', await writeConfig()]);
    expect([status, stderr]).toEqual([0, '']);
  });

  test('has another store on its page, which the server takes, too', () => {
    const [, json = ''] = /```json\n(.*?)```/s.exec(page) ?? [];
    expect(serverConfigSchema.safeParse(JSON.parse(json)).error).toBeUndefined();
  });

  test('agrees with itself on addresses, ports and times', () => {
    const servers = [...textOf('haproxy.cfg').matchAll(/^ {2}server (\w+) (\S+)$/gm)].map(([, name, where]) => [
      name,
      where,
    ]);
    expect(servers).toEqual(
      ['node1', 'node2', 'node3'].map((name) => [name, `${addressOf(name)}:${config.listen.port}`]),
    );
    expect(config.listen.trustedProxies).toEqual([addressOf('proxy')]);
    expect(config.sessionManager.url).toBe(`redis://${addressOf('redis')}:6379`);
    expect(nodes[0]?.healthcheck?.test.join()).toContain(`:${config.listen.port}/readyz`);
    const grace = Number.parseInt(nodes[0]?.stop_grace_period ?? '', 10) * 1_000;
    expect(grace).toBeGreaterThan(config.drainDelay + config.drainDeadline);
  });

  test('has a health check that says what /readyz says', async () => {
    const [, , ...command] = nodes[0]?.healthcheck?.test ?? [];
    const port = await freePort();
    const script = (command[1] as string).replace(`:${config.listen.port}`, `:${port}`);
    expect(spawnSync(process.execPath, [command[0] as string, script]).status).not.toBe(0);
    const path = await writeConfig((text) => text.replace(/"type": "redis"[^}]*\}[^}]*\}/, '"type": "memory" }'));
    const { config: loaded } = await loadServerConfig({ file: path, environment: {} });
    const log = await openLogFile({ level: 'silent', format: 'json' });
    const listen = { ...loaded.listen, host: '127.0.0.1', port };
    const server = await startServer({ ...loaded, listen }, { logger: log.logger });
    const child = spawn(process.execPath, [command[0] as string, script]);
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
    await server.close();
    log.close();
  });
});

describeWith(redisServer, 'with its Redis', () => {
  describeWith(haproxy, 'and its proxy', (haproxyPath) => {
    describeWith(openssl, 'over TLS', (opensslPath) => {
      const children: ChildProcess[] = [];
      const servers: RunningServer[] = [];
      const certificate = selfSigned(opensslPath);
      let log: LogFile;
      let port: number;

      beforeAll(async () => {
        const redisPort = await freePort();
        const path = await writeConfig((text) =>
          text
            .replace(config.sessionManager.url, `redis://127.0.0.1:${redisPort}`)
            .replace(`"${addressOf('proxy')}"`, '"127.0.0.1"')
            .replace('"0.0.0.0"', '"127.0.0.1"')
            .replace(`"port": ${config.listen.port}`, '"port": 0'),
        );
        await startRedis(redisPort);
        log = await openLogFile({ level: 'info', format: 'json' });
        for (let node = 0; node < 3; node++) {
          const { config: loaded } = await loadServerConfig({ file: path, environment: {} });
          servers.push(await startServer(loaded, { logger: log.logger }));
        }
        port = await freePort();
        await startProxy();
      });

      afterAll(async () => {
        await Promise.all(servers.map((server) => server.close()));
        for (const child of children) child.kill('SIGKILL');
        log.close();
      });

      /** By the command of the deployment, on another port and in another folder. */
      async function startRedis(redisPort: number): Promise<void> {
        const text = textOf('redis.conf').replace('dir /data', `dir ${folder}\nport ${redisPort}\nbind 127.0.0.1`);
        writeFileSync(join(folder, 'redis.conf'), text);
        const command = String(compose.services['redis']?.command?.at(-1))
          .replaceAll('$$', '$')
          .replace('/etc/redis.conf', join(folder, 'redis.conf'))
          .replace('/run/secrets/', `${folder}/`);
        expect(command).toContain('exec redis-server -');
        children.push(spawn('sh', ['-ec', command], { stdio: 'ignore' }));
        while (!(await accepts(redisPort))) await wait(20);
      }

      async function startProxy(): Promise<void> {
        writeFileSync(join(folder, 'tls'), certificate.cert + certificate.key, { mode: 0o600 });
        const text = servers.reduce(
          (text, { url }, index) =>
            text.replace(`${addressOf(`node${index + 1}`)}:${config.listen.port}`, `127.0.0.1:${new URL(url).port}`),
          textOf('haproxy.cfg').replace('/run/secrets/tls', join(folder, 'tls')).replace(':8443', `127.0.0.1:${port}`),
        );
        writeFileSync(join(folder, 'haproxy.cfg'), text);
        children.push(spawn(haproxyPath, ['-db', '-f', join(folder, 'haproxy.cfg')], { stdio: 'ignore' }));
        while (!(await accepts(port))) await wait(20);
        // It takes a node for ready until it has asked it.
        while ((await statusOf('/')) !== 426) await wait(20);
      }

      function statusOf(path: string): Promise<number | undefined> {
        return new Promise((resolve, reject) => {
          request({ host: '127.0.0.1', port, path, ca: certificate.cert }, (response) => {
            response.resume();
            resolve(response.statusCode);
          })
            .once('error', reject)
            .end();
        });
      }

      const url = () => `wss://localhost:${port}`;
      const message = { username: 'alice', user_secret: SECRET };
      const options = (headers: Record<string, string> = {}) => ({ tls: { ca: certificate.cert }, headers });

      test('clients get sessions, on all nodes in turn', async () => {
        const clients = servers.map(() => connect(url(), options()));
        const answers = await Promise.all(clients.map((client) => client.init(message)));
        expect(answers.map(({ success }) => success)).toEqual([true, true, true]);
        expect(servers.map(({ transport }) => transport.connections)).toEqual([1, 1, 1]);
        for (const client of clients) client.close();
      });

      test('ASVS 15.3.4: the nodes learn the address of a client from the proxy, and from no client', async () => {
        const before = log.lines().length;
        const headers = { 'X-Forwarded-For': '198.51.100.7' };
        expect((await requestSession(url(), message, options(headers))).success).toBe(true);
        expect(log.lines().slice(before)).toContainEqual(
          expect.objectContaining({ event: 'authn_login_success', address: '127.0.0.1' }),
        );
      });

      test('ASVS 4.4.2: pages of the application may connect, and no others', async () => {
        const [origin] = config.listen.origins;
        expect((await requestSession(url(), message, options({ Origin: origin }))).success).toBe(true);
        const other = await requestSession(url(), message, options({ Origin: 'https://evil.example' }));
        expect(other.success).toBe(false);
      });

      test('how the nodes are is not told outside', async () => {
        expect([await statusOf('/livez'), await statusOf('/readyz'), await statusOf('/readyz?x')]).toEqual([
          404, 404, 404,
        ]);
      });

      test('a node that drains gets no more clients, and those that it has are served', async () => {
        const [leaving] = servers.splice(0, 1);
        const drained = leaving?.drain();
        const late: Promise<boolean>[] = [];
        let isGone = false;
        drained?.then(() => {
          isGone = true;
        });
        while (!isGone) {
          late.push(requestSession(url(), message, options()).then(({ success }) => success));
          await wait(100);
        }
        expect(new Set(await Promise.all(late))).toEqual(new Set([true]));
        expect(await drained).toMatchObject({ cancelled: 0 });
      });
    });
  });
});
