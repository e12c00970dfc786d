import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type PostgresqlOptions,
  type SqlAuthenticator,
  type SqlUsersOptions,
  sqlAuthenticator,
} from '../../../../src/adapters/authenticators/sql.js';
import { ClosedError } from '../../../../src/model/errors.js';
import { Secret } from '../../../../src/model/secret.js';
import { findSecret } from '../../../../src/testing/find-secret.js';
import { type AuthenticatedInit, authenticatedInit } from '../../../support/authenticated-init.js';
import { FaultProxy } from '../../../support/fault-proxy.js';
import { ACCOUNT, Postgres } from '../../../support/postgres.js';
import { describeWith, findCommand, openssl, postgresql } from '../../../support/requires.js';
import { type SelfSigned, selfSigned } from '../../../support/self-signed.js';

const ADA = { username: 'ada', secret: 'Marked-Secret-ü-1' };
const WRONG = { ...ADA, secret: 'Marked-Secret-Wrong' };
const UNKNOWN = { ...ADA, username: 'no-such-user' };
const QUERY = 'SELECT hash AS secret_hash FROM users WHERE name = $1';
/** A connection that was accepted, and never answered. */
const HELD = { timeout: 1_000, connectTimeout: 500 };
const USERS = `
  CREATE TABLE users (name text PRIMARY KEY, hash text);
  GRANT SELECT ON users TO ${ACCOUNT.user};
  INSERT INTO users VALUES ('ada', '{SHA}${createHash('sha1').update(ADA.secret).digest('base64')}')`;

const parts: { close?(): Promise<unknown> }[] = [];

afterEach(async () => {
  for (const part of parts.splice(0).reverse()) await part.close?.();
});

function opened(options: Partial<PostgresqlOptions & SqlUsersOptions>): SqlAuthenticator {
  const where = { dialect: 'postgresql', host: '127.0.0.1', database: 'postgres' } as const;
  const authenticator = sqlAuthenticator({ ...where, ...ACCOUNT, query: QUERY, ...options });
  parts.push(authenticator);
  return authenticator;
}

async function proxied(target: number): Promise<FaultProxy> {
  const proxy = await FaultProxy.start(target);
  parts.push(proxy);
  return proxy;
}

async function expectSound(sound: SqlAuthenticator): Promise<void> {
  const denied = { reason: 'AUTHENTICATION_DENIED' };
  expect(await authenticatedInit(sound, ADA)).toMatchObject({ reason: 'authorized' });
  expect(await authenticatedInit(sound, WRONG)).toMatchObject({ ...denied, cause: 'wrongSecret' });
  expect(await authenticatedInit(sound, UNKNOWN)).toMatchObject({ ...denied, cause: 'unknownUser' });
}

/** A fault, whoever asks, of which the client learns nothing, and in which no secret is. */
async function expectFault(faulty: SqlAuthenticator): Promise<AuthenticatedInit & { cause: Error }> {
  const inits = await Promise.all([ADA, WRONG, UNKNOWN].map((asserted) => authenticatedInit(faulty, asserted)));
  for (const { reason, cause, response } of inits) {
    expect({ reason, cause }).toEqual({ reason: 'AUTHENTICATION_SYS_FAIL', cause: expect.any(Error) });
    expect(response).not.toMatch(/127\.0\.0\.1|ostgre|users/);
    for (const secret of [ADA.secret, WRONG.secret, ACCOUNT.password]) {
      expect(findSecret(cause, secret)).toBeUndefined();
    }
  }
  return inits[0] as AuthenticatedInit & { cause: Error };
}

describeWith(postgresql, 'the sql authenticator when PostgreSQL fails', () => {
  let postgres: Postgres;
  let cert: SelfSigned;

  beforeAll(async () => {
    cert = selfSigned(findCommand(openssl.command) as string);
    postgres = await Postgres.start({ tls: cert });
    await postgres.sql(USERS);
  }, 60_000);
  afterAll(() => postgres?.stop());

  describe('ASVS 16.5.3: nothing fails open, and it recovers without a restart', () => {
    const faults = ['refuse', 'cut', 'garbage', 'blackHole'] as const;

    test.each(faults)('%s: from the start', async (fault) => {
      const proxy = await proxied(postgres.port);
      const faulty = opened({ port: proxy.port, ...HELD });
      proxy.fault = fault;
      await expectFault(faulty);
      await expect(faulty.probe({ signal: new AbortController().signal })).rejects.toThrow();
      proxy.fault = 'pass';
      await expectSound(faulty);
    });

    test.each(faults)('%s: on connections that were good', async (fault) => {
      const proxy = await proxied(postgres.port);
      const faulty = opened({ port: proxy.port, ...HELD });
      await expectSound(faulty);
      proxy.fault = fault;
      await expectFault(faulty);
      proxy.fault = 'pass';
      await expectSound(faulty);
    });

    test.each(['off', 'unverified'] as const)('an answer that comes byte by byte is an answer: tls %s', async (tls) => {
      const proxy = await proxied(postgres.port);
      proxy.fault = 'dribble';
      await expectSound(opened({ port: proxy.port, tls }));
    });

    test('a time-out says so', async () => {
      const proxy = await proxied(postgres.port);
      proxy.fault = 'blackHole';
      const { cause } = await expectFault(opened({ port: proxy.port, ...HELD }));
      expect(cause).toMatchObject({ code: 'backend_fault', message: expect.stringContaining('connectTimeout') });
      const late = await authenticatedInit(opened({ port: proxy.port, timeout: 200 }), ADA);
      expect(late.cause).toMatchObject({ code: 'deadline_exceeded' });
    });

    test('a server that is down at the start, is killed between two inits, and comes back', async () => {
      const own = await Postgres.start();
      parts.push({ close: () => own.stop() });
      await own.sql(USERS);
      const tried = opened({ port: own.port });
      for (let time = 0; time < 2; time++) {
        await own.kill();
        expect((await expectFault(tried)).cause.message).toMatch(
          /Is the server running\?$|The connection or the statement failed\.$/,
        );
        await own.run();
        await expectSound(tried);
      }
    }, 60_000);

    test('a server that is killed in the middle of an init', async () => {
      const own = await Postgres.start();
      parts.push({ close: () => own.stop() });
      await own.sql(USERS);
      const tried = opened({ port: own.port, query: `${QUERY} AND pg_sleep(3600) IS NOT NULL`, timeout: 3_600_000 });
      const call = tried.authenticate(
        { ...ADA, secret: new Secret(ADA.secret) },
        { signal: new AbortController().signal },
      );
      const failed = expect(call).rejects.toMatchObject({ code: 'backend_fault' });
      await asking(own);
      await own.kill();
      await failed;
    }, 60_000);

    test('a statement that was prepared before its table changed', async () => {
      await postgres.sql(`CREATE TABLE changing AS SELECT * FROM users; GRANT SELECT ON changing TO ${ACCOUNT.user}`);
      const query = 'SELECT hash AS secret_hash, * FROM changing WHERE name = $1';
      const tried = opened({ port: postgres.port, query, claims: ['name', 'hash'], maxConnections: 1 });
      await expectSound(tried);
      await postgres.sql('ALTER TABLE changing ADD COLUMN groups text[]');
      await authenticatedInit(tried, ADA);
      await expectSound(tried);
    });
  });

  describe('what is wrong is told to the operator', () => {
    test.each<[string, Partial<PostgresqlOptions & SqlUsersOptions>, RegExp]>([
      ['a wrong password', { password: 'marked-wrong-password' }, /does not take user and password/],
      ['no such account', { user: 'nobody' }, /does not let user in from here/],
      ['no such database', { database: 'nowhere' }, /no database of that name/],
      ['no such table', { query: 'SELECT secret_hash FROM nothing WHERE name = $1' }, /no such table/],
      ['no such column', { query: 'SELECT nothing AS secret_hash FROM users WHERE name = $1' }, /no such column/],
      ['no SQL', { query: 'SELECT secret_hash FRUM users WHERE name = $1' }, /no valid SQL/],
      ['no right', { query: 'SELECT rolpassword AS secret_hash FROM pg_authid WHERE rolname = $1' }, /Grant it SELECT/],
      ['no column secret_hash', { query: 'SELECT hash FROM users WHERE name = $1' }, /needs a column secret_hash/],
      ['no column of a claim', { claims: ['mail'] }, /needs a column mail, and the query has secret_hash/],
      [
        'a column twice',
        { query: 'SELECT hash AS secret_hash, true AS disabled, false AS disabled FROM users WHERE name = $1' },
        /has the column disabled twice/,
      ],
      ['two statements', { query: `${QUERY}; DELETE FROM users` }, /no valid SQL/],
      ['a change', { query: 'UPDATE users SET hash = hash WHERE name = $1 RETURNING hash' }, /no valid SQL/],
      ['no such host', { host: 'nowhere.invalid', tls: 'off' }, /cannot be talked to|looked up|no host/],
    ])('%s', async (_, options, message) => {
      const faulty = opened({ port: postgres.port, ...options });
      const { signal } = new AbortController();
      await expect(faulty.probe({ signal })).rejects.toMatchObject({ code: 'backend_fault' });
      const { cause } = await expectFault(faulty);
      expect(cause.message).toMatch(message);
      expect(findSecret(cause, 'marked-wrong-password')).toBeUndefined();
    });
  });

  describe('over TLS', () => {
    const over = (options: Partial<PostgresqlOptions>) => opened({ port: postgres.port, ...options });

    test('to a server of a CA that is given', async () => {
      await expectSound(over({ tls: 'verified', ca: cert.cert }));
      await expectSound(over({ tls: 'verified', ca: [cert.cert], host: 'localhost' }));
    });

    test('to whoever answers, if that is asked for by name alone', async () => {
      await expectSound(over({ tls: 'unverified' }));
      const { cause } = await expectFault(over({ tls: 'verified' }));
      expect(cause.message).toMatch(/not signed by a CA that is trusted\. Give the CA's in ca\.$/);
    });

    test.each<[string, Parameters<typeof selfSigned>[1], RegExp]>([
      ['has expired', { isExpired: true }, /certificate has expired/],
      ['is for another host', { names: 'DNS:localhost' }, /is for another host/],
      ['is for another address', { names: 'IP:127.0.0.2' }, /is for another host/],
    ])(
      'not to one whose certificate %s',
      async (_, how, message) => {
        const other = selfSigned(findCommand(openssl.command) as string, how);
        const own = await Postgres.start({ tls: other });
        parts.push({ close: () => own.stop() });
        const { cause } = await expectFault(opened({ port: own.port, tls: 'verified', ca: other.cert }));
        expect(cause.message).toMatch(message);
      },
      60_000,
    );

    test('not to one of another CA', async () => {
      const other = selfSigned(findCommand(openssl.command) as string);
      expect((await expectFault(over({ tls: 'verified', ca: other.cert }))).cause.message).toMatch(
        /Give the CA's in ca/,
      );
    });

    test('not in clear to one that has no TLS', async () => {
      const server = createServer((socket) => socket.on('error', () => {}).once('data', () => socket.write('N')));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      parts.push({ close: async () => server.close() });
      const { port } = server.address() as AddressInfo;
      await expectFault(opened({ port, tls: 'unverified' }));
    });

    test.each(['cut', 'garbage', 'blackHole'] as const)('%s: on connections that were good', async (fault) => {
      const proxy = await proxied(postgres.port);
      const faulty = over({ port: proxy.port, tls: 'verified', ca: cert.cert, ...HELD });
      await expectSound(faulty);
      proxy.fault = fault;
      await expectFault(faulty);
      proxy.fault = 'pass';
      await expectSound(faulty);
    });
  });

  describe('a server that is no PostgreSQL', () => {
    const ok = [0x52, 0, 0, 0, 8, 0, 0, 0, 0];
    const ready = [0x5a, 0, 0, 0, 5, 0x49];

    test.each<[string, number[]]>([
      ['a row description that is cut off', [0x54, 0, 0, 0, 6, 0xff, 0xff]],
      ['an authentication that is unknown', [0x52, 0, 0, 0, 8, 0, 0, 0, 99]],
      ['a mechanism that is unknown', [0x52, 0, 0, 0, 10, 0, 0, 0, 10, 0x58, 0]],
      ['an error without an end', [0x45, 0, 0, 0, 4]],
      ['an error whose text has no end', [0x45, 0, 0, 0, 6, 0x4d, 0x41]],
      ['a notice without an end', [...ok, 0x4e, 0, 0, 0, 6, 0x4d, 0x41]],
      ['a length of nothing', [0x52, 0, 0, 0, 0]],
      ['a length of 4 GB', [0x44, 0xff, 0xff, 0xff, 0xff]],
      ['a row with too many values', [...ok, ...ready, 0x44, 0, 0, 0, 6, 0x7f, 0xff]],
      ['a row that nobody asked for', [...ok, ...ready, 0x44, 0, 0, 0, 6, 0, 0]],
      ['an end of a statement at once', [...ok, ...ready, 0x43, 0, 0, 0, 5, 0, ...ready]],
      ['HTTP', [...Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')]],
    ])('that sends %s ends neither the process nor the init with a yes', async (_, bytes) => {
      const server = createServer((socket) => {
        socket.on('error', () => {}).on('data', () => socket.write(Buffer.from(bytes)));
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      parts.push({ close: async () => server.close() });
      const { port } = server.address() as AddressInfo;
      await expectFault(opened({ port, timeout: 600, connectTimeout: 300, maxConnections: 1 }));
    });
  });

  describe('ASVS 13.1.3: deadlines, aborts and bounds', () => {
    const slow = `${QUERY} AND pg_sleep(3600) IS NOT NULL`;
    const asserted = { ...ADA, secret: new Secret(ADA.secret) };
    const settled = (call: Promise<unknown>) => call.catch((error: unknown) => error);

    test('the server gives up a statement that takes too long', async () => {
      const { cause } = await authenticatedInit(opened({ port: postgres.port, query: slow, timeout: 300 }), ADA);
      expect(cause).toMatchObject({ code: 'deadline_exceeded' });
      while ((await postgres.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"))[0] !== '0');
    });

    test('an abort frees the connection', async () => {
      const authenticator = opened({ port: postgres.port, query: slow, maxConnections: 1, timeout: 3_600_000 });
      for (let call = 0; call < 3; call++) {
        const caller = new AbortController();
        const asked = settled(authenticator.authenticate(asserted, caller));
        await asking(postgres);
        const waiting = new AbortController();
        const queued = settled(authenticator.authenticate(asserted, waiting));
        waiting.abort(new Error('gone, too'));
        expect(await queued).toMatchObject({ message: 'gone, too' });
        caller.abort(new Error('gone'));
        expect(await asked).toMatchObject({ message: 'gone' });
        await postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
      }
    });

    test('who comes when too many wait is told so', async () => {
      const authenticator = opened({
        port: postgres.port,
        query: slow,
        maxConnections: 1,
        maxQueued: 1,
        timeout: 3_600_000,
      });
      const caller = new AbortController();
      const calls = [0, 1].map(() => settled(authenticator.authenticate(asserted, caller)));
      expect(await authenticatedInit(authenticator, ADA)).toMatchObject({ reason: 'OTHER', code: 'overloaded' });
      caller.abort();
      await Promise.all(calls);
    });

    test('close ends calls that are under way, and those that wait', async () => {
      const authenticator = opened({ port: postgres.port, query: slow, maxConnections: 1, timeout: 3_600_000 });
      const { signal } = new AbortController();
      const calls = [0, 1].map(() => settled(authenticator.authenticate(asserted, { signal })));
      await asking(postgres);
      await Promise.all([authenticator.close(), authenticator.close()]);
      for (const error of await Promise.all(calls)) expect(error).toBeInstanceOf(ClosedError);
      await expect(authenticator.authenticate(asserted, { signal })).rejects.toBeInstanceOf(ClosedError);
      await expect(authenticator.probe({ signal })).rejects.toBeInstanceOf(ClosedError);
      await postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
    });

    test('close ends a connection that is being made', async () => {
      const proxy = await proxied(postgres.port);
      proxy.fault = 'blackHole';
      const authenticator = opened({ port: proxy.port, timeout: 3_600_000, connectTimeout: 3_600_000 });
      const call = settled(authenticator.authenticate(asserted, new AbortController()));
      while (proxy.accepted === 0) await new Promise((resolve) => setImmediate(resolve));
      await authenticator.close();
      expect(await call).toBeInstanceOf(ClosedError);
    });
  });
});

/** Resolves as a statement runs that sleeps. */
async function asking(postgres: Postgres): Promise<void> {
  while ((await postgres.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"))[0] !== '1');
}
