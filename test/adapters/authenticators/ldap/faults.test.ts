import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type LdapAuthenticatorOptions, ldapAuthenticator } from '../../../../src/adapters/authenticators/ldap.js';
import type { Authenticator } from '../../../../src/adapters/ports.js';
import { Secret } from '../../../../src/model/secret.js';
import { findSecret } from '../../../../src/testing/find-secret.js';
import { simulatedClock } from '../../../../src/testing/index.js';
import { type AuthenticatedInit, authenticatedInit } from '../../../support/authenticated-init.js';
import { FaultProxy } from '../../../support/fault-proxy.js';
import { describeWith, findCommand, openssl, slapd as requirement } from '../../../support/requires.js';
import { selfSigned } from '../../../support/self-signed.js';
import { PEOPLE, result, SCRIPTED_SUFFIX, SERVICE, Slapd } from '../../../support/slapd.js';

const ALICE = { username: 'alice', secret: 'Marked-Secret-Alice' };
const WRONG = { ...ALICE, secret: 'Marked-Secret-Wrong' };
const UNKNOWN = { ...ALICE, username: 'no-such-user' };
const FAULT = { reason: 'AUTHENTICATION_SYS_FAIL' };
const open: { close?(): Promise<unknown> }[] = [];

afterEach(async () => {
  for (const part of open.splice(0)) await part.close?.();
});

/** A connection that was accepted, and never answered. */
const HELD = { timeout: 700, connectTimeout: 500 };

describeWith(requirement, 'the ldap authenticator when things go wrong', (command) => {
  let slapd: Slapd;
  const templates = new WeakSet<Authenticator>();

  beforeAll(async () => {
    slapd = await Slapd.start(command, selfSigned(findCommand(openssl.command) as string));
    await slapd.addUser('alice', ALICE.secret);
  });
  afterAll(() => slapd?.stop());

  function authenticator(
    url: LdapAuthenticatorOptions['url'],
    options: Partial<LdapAuthenticatorOptions> = {},
  ): Authenticator {
    const service = { bindDn: SERVICE.dn, bindPassword: SERVICE.password };
    const opened = ldapAuthenticator({ url, ...service, userBase: PEOPLE, ...options });
    open.push(opened);
    return opened;
  }

  function byTemplate(
    url: LdapAuthenticatorOptions['url'],
    options: Partial<LdapAuthenticatorOptions> = {},
  ): Authenticator {
    const opened = ldapAuthenticator({ url, userDnTemplate: `uid={username},${PEOPLE}`, ...options });
    templates.add(opened);
    open.push(opened);
    return opened;
  }

  async function proxied(target = slapd.port): Promise<FaultProxy & { url: string }> {
    const proxy = await FaultProxy.start(target);
    open.push(proxy);
    return Object.assign(proxy, { url: `ldap://127.0.0.1:${proxy.port}` });
  }

  /** By a template slapd, as most, does not say that there is no such user. */
  async function expectSound(sound: Authenticator): Promise<void> {
    const cause = templates.has(sound) ? 'wrongSecret' : 'unknownUser';
    expect(await authenticatedInit(sound, ALICE)).toMatchObject({ reason: 'authorized' });
    expect(await authenticatedInit(sound, WRONG)).toMatchObject({
      reason: 'AUTHENTICATION_DENIED',
      cause: 'wrongSecret',
    });
    expect(await authenticatedInit(sound, UNKNOWN)).toMatchObject({ reason: 'AUTHENTICATION_DENIED', cause });
  }

  /** A fault, whoever asks, of which the client learns nothing, and in which no secret is. */
  async function expectFault(faulty: Authenticator, url: string): Promise<AuthenticatedInit> {
    const inits = await Promise.all([ALICE, WRONG, UNKNOWN].map((asserted) => authenticatedInit(faulty, asserted)));
    for (const init of inits) {
      expect(init).toMatchObject({ ...FAULT, cause: expect.any(Error) });
      expect(init.response).not.toContain(url.replace(/^\w+:\/\//, ''));
      for (const secret of [ALICE.secret, WRONG.secret, SERVICE.password]) {
        expect(findSecret(init.cause, secret)).toBeUndefined();
      }
    }
    return inits[0] as AuthenticatedInit;
  }

  describe('ASVS 16.5.3: nothing fails open, and it recovers without a restart', () => {
    test.each(['refuse', 'cut', 'garbage', 'blackHole'] as const)('%s: from the start', async (fault) => {
      const proxy = await proxied();
      for (const faulty of [authenticator(proxy.url, HELD), byTemplate(proxy.url, HELD)]) {
        proxy.fault = fault;
        await expectFault(faulty, proxy.url);
        proxy.fault = 'pass';
        await expectSound(faulty);
      }
    });

    test.each(['refuse', 'cut', 'garbage', 'blackHole'] as const)(
      '%s: on connections that were good',
      async (fault) => {
        const proxy = await proxied();
        for (const faulty of [authenticator(proxy.url, HELD), byTemplate(proxy.url, HELD)]) {
          proxy.fault = 'pass';
          await expectSound(faulty);
          proxy.fault = fault;
          await expectFault(faulty, proxy.url);
          proxy.fault = 'pass';
          await expectSound(faulty);
        }
      },
    );

    test('an answer that comes byte by byte is an answer', async () => {
      const proxy = await proxied();
      proxy.fault = 'dribble';
      await expectSound(authenticator(proxy.url));
      await expectSound(byTemplate(proxy.url));
    });

    test('a time-out says so', async () => {
      const proxy = await proxied();
      proxy.fault = 'blackHole';
      const { cause } = await expectFault(authenticator(proxy.url, HELD), proxy.url);
      expect(cause).toMatchObject({
        code: 'backend_fault',
        message: expect.stringMatching(/^ldap has no server that answers\. .*It took longer than connectTimeout\.$/),
      });
      const late = await expectFault(authenticator(proxy.url, { timeout: 200 }), proxy.url);
      expect(late.cause).toMatchObject({ code: 'deadline_exceeded' });
    });

    test('a server that is down at the start, is killed between two inits, and comes back', async () => {
      const own = await Slapd.start(command, selfSigned(findCommand(openssl.command) as string));
      open.push({ close: () => own.stop() });
      await own.addUser('alice', ALICE.secret);
      const tried = [authenticator(own.url), byTemplate(own.url)];
      for (let time = 0; time < 2; time++) {
        await own.kill();
        for (const faulty of tried) {
          const { cause } = await expectFault(faulty, own.url);
          expect((cause as Error).message).toMatch(/has no server that answers\. .*Is the server running\?$/);
        }
        await own.run();
        for (const sound of tried) await expectSound(sound);
      }
    });

    test('a server that is killed in the middle of an init', async () => {
      const own = await Slapd.start(command, selfSigned(findCommand(openssl.command) as string));
      open.push({ close: () => own.stop() });
      const entry = `dn: uid=alice,${SCRIPTED_SUFFIX}\nobjectClass: inetOrgPerson\nuid: alice\n\n`;
      for (const when of ['SEARCH', 'BIND']) {
        let killed: Promise<void> | undefined;
        own.scripted = ({ operation }) => {
          if (operation === when) killed ??= own.kill();
          return operation === 'SEARCH' ? entry + result(0) : result(0);
        };
        const faulty = authenticator(own.url, { userBase: SCRIPTED_SUFFIX });
        const init = await authenticatedInit(faulty, ALICE);
        expect(init).toMatchObject(FAULT);
        await killed;
        await own.run();
        expect(await authenticatedInit(faulty, ALICE)).toMatchObject({ reason: 'authorized' });
      }
    });
  });

  describe('a user whose bind is not answered', () => {
    test('is not bound again, on no server: no guess is counted twice', async () => {
      const [first, second] = [await proxied(), await proxied()];
      const faulty = byTemplate([first.url, second.url]);
      await expectSound(faulty);
      first.fault = 'cut';
      expect(await authenticatedInit(faulty, ALICE)).toMatchObject(FAULT);
      expect(second.accepted).toBe(0);
      expect(await authenticatedInit(faulty, ALICE)).toMatchObject({ reason: 'authorized' });
      expect(second.accepted).toBe(1);
    });
  });

  describe('several servers', () => {
    test.each(['refuse', 'garbage', 'cut', 'blackHole'] as const)('%s: the next one answers', async (fault) => {
      const [bad, good] = [await proxied(), await proxied()];
      bad.fault = fault;
      await expectSound(authenticator([bad.url, good.url], { connectTimeout: 200 }));
      await expectSound(authenticator([good.url, bad.url], { connectTimeout: 200 }));
    });

    test('one that failed is left alone for a while, and is the first again once it has answered', async () => {
      const clock = simulatedClock();
      const [first, second] = [await proxied(), await proxied()];
      const options = { clock, timeout: 60_000, connectTimeout: 60_000, retryAfter: 5_000 };
      const several = authenticator([first.url, second.url], options);
      first.fault = 'refuse';
      await expectSound(several);
      const tries = first.accepted;
      await expectSound(several);
      expect(first.accepted).toBe(tries);
      first.fault = 'pass';
      clock.increment(5_000);
      await Promise.all([ALICE, ALICE, ALICE].map((asserted) => authenticatedInit(several, asserted)));
      await expectSound(several);
      expect(first.accepted).toBeGreaterThan(tries);
      const others = second.accepted;
      second.fault = 'refuse';
      await expectSound(several);
      expect(second.accepted).toBe(others);
    });

    test('if none answers, each is told of', async () => {
      const [bad, worse] = [await proxied(), await proxied()];
      bad.fault = 'refuse';
      worse.fault = 'garbage';
      const { cause } = await expectFault(authenticator([bad.url, worse.url]), bad.url);
      expect(cause).toMatchObject({ code: 'backend_fault', cause: expect.any(AggregateError) });
      expect((cause as Error).message).toContain(bad.url);
      expect((cause as Error).message).toContain(
        `${worse.url} cannot be talked to. It answered something else than LDAP.`,
      );
    });
  });

  describe('connections', () => {
    const signal = new AbortController().signal;
    const call = (asked: Authenticator, { username, secret }: typeof ALICE = ALICE) =>
      asked.authenticate({ username, secret: new Secret(secret) }, { signal });

    test('ASVS 13.1.3: are bounded and used again', async () => {
      const proxy = await proxied();
      const bounded = authenticator(proxy.url, { maxConnections: 3 });
      for (let round = 0; round < 3; round++) {
        const outcomes = await Promise.all(Array.from({ length: 40 }, () => call(bounded)));
        expect(outcomes.every(({ outcome }) => outcome === 'authenticated')).toBe(true);
      }
      expect(proxy.accepted).toBe(6);
    });

    test('ASVS 13.1.3: too many that wait for one are refused as overloaded, and wait for nothing', async () => {
      const proxy = await proxied();
      proxy.fault = 'blackHole';
      const bounded = authenticator(proxy.url, { ...HELD, maxConnections: 2, maxQueued: 3 });
      const settled = await Promise.allSettled(Array.from({ length: 20 }, () => call(bounded)));
      const codes = settled.map((one) => (one.status === 'rejected' ? one.reason.code : 'answered'));
      expect(codes.filter((code) => code === 'overloaded')).toHaveLength(15);
      expect(codes.filter((code) => code === 'backend_fault' || code === 'deadline_exceeded')).toHaveLength(5);
      proxy.fault = 'pass';
      expect(await call(bounded)).toMatchObject({ outcome: 'authenticated' });
    });

    test('are not used again once they were idle for long', async () => {
      const clock = simulatedClock();
      const proxy = await proxied();
      const rested = authenticator(proxy.url, { clock, timeout: 60_000, connectTimeout: 60_000, idleTimeout: 1_000 });
      await call(rested);
      clock.increment(999);
      await call(rested);
      expect(proxy.accepted).toBe(2);
      clock.increment(1_000);
      await call(rested);
      expect(proxy.accepted).toBe(4);
    });

    test('that were cut while they were idle cost an init nothing', async () => {
      const proxy = await proxied();
      const faulty = authenticator(proxy.url);
      await expectSound(faulty);
      proxy.cut();
      await expectSound(faulty);
    });

    test('one that stays silent from one moment to the next is given up with those beside it', async () => {
      const proxy = await proxied();
      const faulty = authenticator(proxy.url, { ...HELD, maxConnections: 4 });
      await Promise.all(Array.from({ length: 12 }, () => call(faulty)));
      const before = proxy.accepted;
      proxy.fault = 'blackHole';
      await expect(call(faulty)).rejects.toMatchObject({ code: 'deadline_exceeded' });
      proxy.fault = 'pass';
      expect(await call(faulty)).toMatchObject({ outcome: 'authenticated' });
      expect(proxy.accepted).toBeGreaterThan(before);
    });

    test('a caller who goes while it waits costs no bind', async () => {
      const caller = new AbortController();
      const proxy = await proxied();
      const asked = authenticator(proxy.url, { maxConnections: 1 });
      await call(asked);
      const others = [call(asked), call(asked)];
      const gone = asked.authenticate(
        { username: 'alice', secret: new Secret(ALICE.secret) },
        { signal: caller.signal },
      );
      caller.abort(new Error('The caller has gone.'));
      await expect(gone).rejects.toThrow('The caller has gone.');
      for (const other of await Promise.all(others)) expect(other).toMatchObject({ outcome: 'authenticated' });
      expect(proxy.accepted).toBe(2);
    });

    test('end with close(), what is under way fails, and nothing is begun any more', async () => {
      const proxy = await proxied();
      const closed = authenticator(proxy.url, { maxConnections: 2 });
      await call(closed);
      proxy.fault = 'blackHole';
      const underWay = Promise.allSettled(Array.from({ length: 6 }, () => call(closed)));
      await new Promise((resolve) => setImmediate(resolve));
      await closed.close?.();
      for (const one of await underWay) expect(one).toMatchObject({ status: 'rejected', reason: { code: 'closed' } });
      await expect(call(closed)).rejects.toMatchObject({ code: 'closed' });
      await expect(closed.probe?.({ signal })).rejects.toMatchObject({ code: 'closed' });
    });
  });

  describe('a server that is hostile', () => {
    /** Does to a connection what it is told, and knows nothing of LDAP. */
    async function hostile(serve: (socket: Socket) => void) {
      const sockets: Socket[] = [];
      const server: Server = createServer((socket) => {
        sockets.push(socket);
        socket.on('error', () => {});
        socket.once('data', () => serve(socket));
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      open.push({
        async close() {
          for (const socket of sockets) socket.destroy();
          server.close();
        },
      });
      return { url: `ldap://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets };
    }

    const message = (id: number, ...rest: number[]) => Buffer.from([0x30, rest.length + 3, 2, 1, id, ...rest]);

    test.each([
      ['an empty answer to a bind', message(2, 0x61, 0)],
      ['a bind that is answered by a search', message(2, 0x64, 4, 4, 0, 0x30, 0)],
      ['HTTP', Buffer.from('HTTP/1.1 200 OK\r\n\r\n')],
      ['the answer to another request', message(99, 0x61, 7, 0x0a, 1, 0, 4, 0, 4, 0)],
    ])('%s is no yes', async (_, answer) => {
      const { url } = await hostile((socket) => socket.write(answer));
      await expectFault(byTemplate(url, HELD), url);
      await expectFault(authenticator(url, HELD), url);
    });

    test.each([
      ['of large messages', 100, 'more than 1048576 bytes'],
      ['of so many messages that ldapts would call itself too often', 0, 'too many messages at once'],
    ])('an answer without an end is cut off: %s', async (_, size, problem) => {
      const entry = message(2, 0x64, 4 + size, 4, size, ...Buffer.alloc(size, 0x78), 0x30, 0);
      const piece = Buffer.concat(Array.from({ length: 10_000 }, () => entry));
      const { url } = await hostile((socket) => {
        const send = () => {
          while (!socket.destroyed && socket.write(piece));
        };
        socket.on('drain', send);
        send();
      });
      const { cause } = await expectFault(byTemplate(url, { timeout: 30_000 }), url);
      expect((cause as Error).message).toContain(problem);
    });

    test('what is said without being asked ends the connection', async () => {
      const refusal = message(2, 0x61, 7, 0x0a, 1, 49, 4, 0, 4, 0);
      const { url, sockets } = await hostile((socket) => socket.write(refusal));
      const asked = byTemplate(url);
      for (let connections = 1; connections <= 2; connections++) {
        expect(await authenticatedInit(asked, ALICE)).toMatchObject({ cause: 'wrongSecret' });
        expect(sockets).toHaveLength(connections);
        const socket = sockets.at(-1) as Socket;
        socket.write(message(0, 0x78, 7, 0x0a, 1, 52, 4, 0, 4, 0));
        await once(socket, 'close');
      }
    });
  });
});
