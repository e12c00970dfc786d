import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type PostgresSessionManagerOptions,
  postgresSessionManager,
} from '../../../../src/adapters/session-managers/postgres.js';
import { BackendFaultError } from '../../../../src/model/errors.js';
import { closeAfterTest } from '../../../support/close-after-test.js';
import { News } from '../../../support/news.js';
import { ACCOUNT, Postgres } from '../../../support/postgres.js';
import { describeWith, openssl, postgresql } from '../../../support/requires.js';
import { type SelfSigned, selfSigned } from '../../../support/self-signed.js';
import { create } from './world.js';

const { signal } = new AbortController();

describeWith(postgresql, 'postgresSessionManager', () => {
  describeWith(openssl, 'ASVS 4.4.1: over TLS', (command) => {
    let postgres: Postgres;
    let own: SelfSigned;
    let other: SelfSigned;
    beforeAll(async () => {
      [own, other] = [selfSigned(command), selfSigned(command)];
      postgres = await Postgres.start({ tls: own });
      await postgres.sql(`GRANT CREATE ON DATABASE postgres TO ${ACCOUNT.user}`);
    });
    afterAll(() => postgres?.stop());

    /** From now on the server shows this one. */
    async function show(certificate: SelfSigned): Promise<void> {
      postgres.useCertificate(certificate);
      await postgres.sql('SELECT pg_reload_conf()');
    }

    function node(options: Partial<PostgresSessionManagerOptions>) {
      const where = { host: '127.0.0.1', port: postgres.port, database: 'postgres', tls: 'verified' } as const;
      return closeAfterTest(postgresSessionManager({ ...where, ...ACCOUNT, ...options }));
    }

    /** Each call is refused for the reason, and nobody learns a secret by it. */
    async function expectRefused(options: Partial<PostgresSessionManagerOptions>, reason: RegExp): Promise<void> {
      const refused = node(options);
      const news = new News();
      refused.watch?.(news);
      const calls = await Promise.allSettled([create(refused), refused.findById(1), refused.remove(1, { signal })]);
      for (const call of [...calls, ...(await Promise.allSettled([refused.open()]))]) {
        const { reason: error } = call as PromiseRejectedResult;
        expect(error).toBeInstanceOf(BackendFaultError);
        expect(error.message).toMatch(reason);
        expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('marked-');
      }
      expect([news.heard, news.missedCount]).toEqual([[], 0]);
    }

    test.each(['127.0.0.1', 'localhost'])(
      'to %s, whose CA is given: what one node does, another hears',
      async (host) => {
        const options = { host, ca: [other.cert, own.cert] };
        const [here, there] = [node(options), node(options)];
        const news = new News();
        there.watch?.(news);
        await there.open();
        // It listens as soon as it hears the first of these.
        while (news.heard.length === 0) {
          const { session_id: id } = await create(here);
          expect((await there.findById(id))?.user).toBe('alice');
          expect(await here.remove(id, { signal })).toBe(true);
        }
        const account = `usename = '${ACCOUNT.user}'`;
        expect(
          await postgres.sql(`SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE ${account}`),
        ).toEqual(['t']);
      },
    );

    describe('why there is no connection, and what to do', () => {
      const untrusted = /certificate is not signed by a CA that is trusted\. Give the CA's in ca\.$/;
      const elsewhere = /certificate is for another host name\. Use that name in host\.$/;
      test('no CA, and another CA', async () => {
        await expectRefused({}, untrusted);
        await expectRefused({ ca: other.cert }, untrusted);
      });

      test('no variable of the environment makes it trust everybody', async () => {
        process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
        try {
          await expectRefused({ ca: other.cert }, untrusted);
        } finally {
          delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
        }
      });

      test.each<[string, Parameters<typeof selfSigned>[1], RegExp]>([
        ['that has expired', { isExpired: true }, /certificate has expired\. Renew it\.$/],
        ['for another host', { names: 'DNS:db.test' }, elsewhere],
        ['for another address', { names: 'IP:127.0.0.2' }, elsewhere],
      ])('a certificate %s', async (_, how, reason) => {
        const certificate = selfSigned(command, how);
        await show(certificate);
        try {
          await expectRefused({ ca: certificate.cert }, reason);
        } finally {
          await show(own);
        }
      });

      test('a server without TLS', async () => {
        const plain = closeAfterTest(await Postgres.start());
        await expectRefused({ port: plain.port, ca: own.cert }, /It does not speak TLS\.$/);
      });

      test('another password, another database, and an account that may not', async () => {
        const { cert: ca } = own;
        await expectRefused({ ca, password: 'marked-other' }, /It does not take user and password\.$/);
        await expectRefused({ ca, user: 'nobody' }, /It does not (take user and password|let user in from here.*)\.$/);
        await expectRefused({ ca, database: 'other' }, /There is no database of that name\.$/);
        await postgres.sql(`REVOKE CREATE ON DATABASE postgres FROM ${ACCOUNT.user}`);
        await expectRefused({ ca, schema: 'another' }, /right|GRANT|may not/);
      });
    });
  });
});
