import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type RedisSessionManagerOptions,
  redisSessionManager,
} from '../../../../src/adapters/session-managers/redis.js';
import { BackendFaultError } from '../../../../src/model/errors.js';
import { closeAfterTest } from '../../../support/close-after-test.js';
import { News } from '../../../support/news.js';
import { Redis, RedisCluster } from '../../../support/redis.js';
import { RedisSentinels } from '../../../support/redis-sentinels.js';
import { describeWith, openssl, redisServer } from '../../../support/requires.js';
import { type SelfSigned, selfSigned } from '../../../support/self-signed.js';
import { freePort } from '../../../support/tcp-port.js';
import { tempFolder } from '../../../support/temp-folder.js';

const PASSWORD = 'marked-redis-password';
const ACCOUNT = { username: 'sessions', password: PASSWORD };
/** Where the client does not say which of it is the case. */
const UNTOLD =
  /^Redis cannot be reached: .* Do all of them run, and speak TLS .*\? Is their certificate signed by a CA in ca\? .*\?$/;
const { signal } = new AbortController();

/** A Redis that speaks TLS at one port, and does not at another. */
interface Secured {
  redis: Redis;
  certificate: SelfSigned;
  url: string;
}

describeWith(redisServer, 'redisSessionManager', () => {
  describeWith(openssl, 'ASVS 4.4.1: over TLS', (command) => {
    const folder = tempFolder();
    let [own, expired, elsewhere] = [] as unknown as [Secured, Secured, Secured];
    let other: SelfSigned;

    /** Settings by which a server shows a certificate. */
    function settingsFor({ cert, key }: SelfSigned, name: string): string[] {
      const [certFile, keyFile] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
      writeFileSync(certFile, cert);
      writeFileSync(keyFile, key);
      const files = [`tls-cert-file ${certFile}`, `tls-key-file ${keyFile}`, `tls-ca-cert-file ${certFile}`];
      return [...files, 'tls-auth-clients no'];
    }

    const asArguments = (settings: readonly string[]) => settings.flatMap((setting) => `--${setting}`.split(' '));

    async function secured(name: string, how?: Parameters<typeof selfSigned>[1]): Promise<Secured> {
      const certificate = selfSigned(command, how);
      const port = await freePort();
      const redis = await Redis.start(
        ...asArguments([`tls-port ${port}`, ...settingsFor(certificate, name)]),
        ...asArguments([`user sessions on >${PASSWORD} ~* &* +@all`, `user guest on >${PASSWORD} +@connection +info`]),
      );
      return { redis, certificate, url: `rediss://127.0.0.1:${port}` };
    }

    beforeAll(async () => {
      other = selfSigned(command);
      [own, expired, elsewhere] = await Promise.all([
        secured('own'),
        secured('expired', { isExpired: true }),
        secured('elsewhere', { names: 'DNS:redis.test' }),
      ]);
    });
    afterAll(() => Promise.all([own, expired, elsewhere].map(({ redis }) => redis.stop())));

    const managerOf = (options: RedisSessionManagerOptions) =>
      closeAfterTest(redisSessionManager({ timeout: 2_000, ...options }));

    /** What one node does, another finds, and hears. */
    async function expectShared(options: RedisSessionManagerOptions): Promise<void> {
      const [here, there] = [managerOf(options), managerOf(options)];
      const news = new News();
      there.watch?.(news);
      const request = { user: 'alice', ipAddress: '192.0.2.1' };
      // It listens as soon as it hears the first of these.
      while (news.heard.length === 0) {
        const creation = await here.create(request, { signal });
        if (creation.outcome !== 'created') throw new Error(creation.outcome);
        const { session_id: id } = creation.session;
        expect((await there.findById(id))?.user).toBe('alice');
        expect(await here.remove(id, { signal })).toBe(true);
      }
    }

    test('to a server of a CA that is given, by its name or address, or by servername', async () => {
      const { url, certificate } = own;
      await expectShared({ url, ca: certificate.cert, ...ACCOUNT });
      const named = url.replace('127.0.0.1', 'localhost');
      await expectShared({ url: named, ca: [other.cert, certificate.cert], ...ACCOUNT });
      const { cert } = elsewhere.certificate;
      await expectShared({ url: elsewhere.url, ca: cert, servername: 'redis.test', ...ACCOUNT });
    });

    test('to a cluster', async () => {
      const { certificate } = elsewhere;
      const settings = asArguments(settingsFor(certificate, 'cluster'));
      const cluster = closeAfterTest(await RedisCluster.start({ settings }));
      const ports = await Promise.all(cluster.servers.map(() => freePort()));
      for (const [i, server] of cluster.servers.entries()) {
        await server.cli('CONFIG', 'SET', 'tls-port', `${ports[i]}`, 'cluster-announce-port', `${ports[i]}`);
      }
      for (const server of cluster.servers) {
        const areKnown = (slots: string) => ports.every((port) => slots.includes(`\n${port}\n`));
        while (!areKnown(await server.cli('CLUSTER', 'SLOTS'))) await wait(50);
      }
      const urls = ports.map((port) => `rediss://127.0.0.1:${port}`);
      await expectShared({ cluster: urls, ca: certificate.cert, servername: 'redis.test' });
      await expectRefused({ cluster: urls, ca: other.cert, servername: 'redis.test' }, UNTOLD);
    });

    test('to a server that Sentinel looks after, and to the Sentinels', async () => {
      const { redis, certificate, url } = own;
      const port = await freePort();
      const settings = [`tls-port ${port}`, 'tls-replication yes', ...settingsFor(certificate, 'sentinel')];
      const auth = [`sentinel auth-user sessions ${ACCOUNT.username}`, `sentinel auth-pass sessions ${PASSWORD}`];
      const sentinels = closeAfterTest(
        await RedisSentinels.start(Number(new URL(url).port), { count: 1, settings: [...settings, ...auth] }),
      );
      expect(redis.port).not.toBe(await sentinels.master());
      const sentinel = { ...sentinels.where, nodes: [`rediss://127.0.0.1:${port}`] };
      await expectShared({ sentinel, ca: certificate.cert, ...ACCOUNT });
      await expectRefused({ sentinel, ca: other.cert, ...ACCOUNT }, UNTOLD);
    });

    /** Each call is refused for the reason, and nobody learns a secret by it. */
    async function expectRefused(options: RedisSessionManagerOptions, reason: RegExp): Promise<void> {
      const manager = managerOf({ ...options, timeout: 1_000 });
      const news = new News();
      manager.watch?.(news);
      const request = { user: 'alice', ipAddress: '192.0.2.1' };
      const ask = () => manager.create(request, { signal });
      const calls = await Promise.allSettled([ask(), manager.findById(1), manager.remove(1, { signal })]);
      for (const call of [...calls, ...(await Promise.allSettled([ask()]))]) {
        const { reason: error } = call as PromiseRejectedResult;
        expect(error).toBeInstanceOf(BackendFaultError);
        expect(error.message).toMatch(reason);
        expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('marked-');
      }
      expect([news.heard, news.missedCount]).toEqual([[], 0]);
    }

    describe('why there is no connection, and what to do', () => {
      const { username, password } = ACCOUNT;
      test.each<[string, () => RedisSessionManagerOptions, RegExp]>([
        ['no CA', () => ({ url: own.url, ...ACCOUNT }), /not signed by a CA that is trusted\. Give the CA's in ca\.$/],
        [
          'another CA',
          () => ({ url: own.url, ca: other.cert, ...ACCOUNT }),
          /^Redis cannot be reached: self-signed certificate\b.* Give the CA's in ca\.$/,
        ],
        [
          'a certificate that has expired',
          () => ({ url: expired.url, ca: expired.certificate.cert, ...ACCOUNT }),
          /^Redis cannot be reached: certificate has expired\. The server's certificate has expired\. Renew it\.$/,
        ],
        [
          'a certificate for another name',
          () => ({ url: elsewhere.url, ca: elsewhere.certificate.cert, ...ACCOUNT }),
          /is for another host name\. Use that name in the URL, or give it in servername\.$/,
        ],
        [
          'a servername that is another',
          () => ({ url: own.url, ca: own.certificate.cert, servername: 'redis.test', ...ACCOUNT }),
          /is for another host name\. Use that name in the URL, or give it in servername\.$/,
        ],
        [
          'TLS to a server without',
          () => ({ url: own.redis.url.replace('redis:', 'rediss:'), ca: own.certificate.cert, ...ACCOUNT }),
          /Is it TLS that the server speaks there \(rediss:\/\/\), or not \(redis:\/\/\)\?$/,
        ],
        [
          'a server with TLS without it',
          () => ({ url: own.url.replace('rediss:', 'redis:'), ...ACCOUNT }),
          /Is it TLS that the server speaks there \(rediss:\/\/\), or not \(redis:\/\/\)\?$/,
        ],
        [
          'another password',
          () => ({ url: own.url, ca: own.certificate.cert, username, password: 'marked-other-password' }),
          /it refuses the account or its password\. Check username and password\.$/,
        ],
        [
          'an account that is not there',
          () => ({ url: own.url, ca: own.certificate.cert, username: 'nobody', password }),
          /it refuses the account or its password\. Check username and password\.$/,
        ],
        [
          'an account that may not',
          () => ({ url: own.url, ca: own.certificate.cert, username: 'guest', password }),
          /the account may not do what is needed\. The documentation of this adapter has the rules for its ACL\.$/,
        ],
      ])('%s', (_, options, reason) => expectRefused(options(), reason));
    });

    test('no variable of the environment makes it trust everybody', async () => {
      process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
      try {
        await expectRefused({ url: own.url, ca: other.cert, ...ACCOUNT }, /not signed by a CA that is trusted/);
      } finally {
        delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      }
    });
  });
});
