import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer as createTcpServer } from 'node:net';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { type LdapAuthenticatorOptions, ldapAuthenticator } from '../../../../src/adapters/authenticators/ldap.js';
import { type AuthenticatedInit, authenticatedInit } from '../../../support/authenticated-init.js';
import { FaultProxy } from '../../../support/fault-proxy.js';
import { describeWith, findCommand, openssl, slapd as requirement } from '../../../support/requires.js';
import { type SelfSigned, selfSigned } from '../../../support/self-signed.js';
import { PEOPLE, SERVICE, Slapd } from '../../../support/slapd.js';

const ALICE = { username: 'alice', secret: 'Marked-Secret-Alice' };
const AUTHORIZED = { reason: 'authorized' };
const FAULT = { reason: 'AUTHENTICATION_SYS_FAIL' };
const open: { close?(): Promise<unknown> }[] = [];

afterEach(async () => {
  for (const part of open.splice(0)) await part.close?.();
});

describeWith(requirement, 'ASVS 4.4.1: the ldap authenticator over TLS', (command) => {
  const certificate = (options?: Parameters<typeof selfSigned>[1]) =>
    selfSigned(findCommand(openssl.command) as string, options);
  let slapd: Slapd;
  let own: SelfSigned;
  let other: SelfSigned;

  beforeAll(async () => {
    own = certificate();
    other = certificate();
    slapd = await Slapd.start(command, own);
    await slapd.addUser('alice', ALICE.secret);
  });
  afterAll(() => slapd?.stop());

  /** One init by search, and one by template. */
  async function inits(options: { url: string } & Partial<LdapAuthenticatorOptions>): Promise<AuthenticatedInit[]> {
    const service = { bindDn: SERVICE.dn, bindPassword: SERVICE.password, userBase: PEOPLE };
    return Promise.all(
      [service, { userDnTemplate: `uid={username},${PEOPLE}` }].map(async (users) => {
        const authenticator = ldapAuthenticator({ ...users, ...options });
        open.push(authenticator);
        return authenticatedInit(authenticator, ALICE);
      }),
    );
  }

  /** What slapd says, over TLS with another certificate than slapd's. */
  async function behind({ cert, key }: SelfSigned): Promise<string> {
    const server = createTlsServer({ cert, key }, (client) => {
      const ldap = createConnection({ host: '127.0.0.1', port: slapd.port });
      for (const socket of [client, ldap]) socket.on('error', () => {});
      client.pipe(ldap).pipe(client);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    open.push({
      async close() {
        server.close();
      },
    });
    return `ldaps://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  const messagesOf = (failed: readonly AuthenticatedInit[]) => failed.map(({ cause }) => (cause as Error).message);

  test('LDAPS and StartTLS, by an address and by a name, with the CA of their own', async () => {
    const urls = [
      { url: slapd.ldapsUrl },
      { url: slapd.ldapsUrl.replace('127.0.0.1', 'localhost') },
      { url: slapd.url, startTls: true },
      { url: slapd.url.replace('127.0.0.1', 'localhost'), startTls: true },
    ];
    for (const options of urls) {
      for (const ca of [own.cert, [own.cert], [other.cert, own.cert]]) {
        for (const init of await inits({ ...options, ca })) expect(init).toMatchObject(AUTHORIZED);
      }
    }
  });

  test.each(['ldaps', 'startTls'])(
    '%s: a certificate of another CA is a fault, and says which option to set',
    async (how) => {
      const options = how === 'ldaps' ? { url: slapd.ldapsUrl } : { url: slapd.url, startTls: true };
      for (const ca of [{}, { ca: other.cert }]) {
        const failed = await inits({ ...options, ...ca });
        for (const init of failed) expect(init).toMatchObject(FAULT);
        for (const message of messagesOf(failed)) expect(message).toMatch(/not signed by a CA that is trusted.* ca\.$/);
      }
    },
  );

  test('no variable of the environment makes it trust everybody', async () => {
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      for (const init of await inits({ url: slapd.ldapsUrl, ca: other.cert })) expect(init).toMatchObject(FAULT);
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    }
  });

  test('a certificate that has expired is a fault, and called so', async () => {
    const expired = certificate({ isExpired: true });
    const failed = await inits({ url: await behind(expired), ca: expired.cert });
    for (const init of failed) expect(init).toMatchObject(FAULT);
    for (const message of messagesOf(failed)) expect(message).toMatch(/certificate has expired/);
  });

  test('a certificate of another host is a fault, and called so', async () => {
    const elsewhere = certificate({ names: 'DNS:ldap.example.com' });
    const failed = await inits({ url: await behind(elsewhere), ca: elsewhere.cert });
    for (const init of failed) expect(init).toMatchObject(FAULT);
    for (const message of messagesOf(failed)) expect(message).toMatch(/certificate is for another host name/);
  });

  test.each(['refuse', 'cut', 'garbage', 'blackHole'] as const)(
    '%s before or during the handshake is a fault',
    async (fault) => {
      const [plain, secure] = [await FaultProxy.start(slapd.port), await FaultProxy.start(slapd.tlsPort)];
      open.push(plain, secure);
      for (const proxy of [plain, secure]) {
        const options = proxy === plain ? { startTls: true } : {};
        const url = `${proxy === plain ? 'ldap' : 'ldaps'}://127.0.0.1:${proxy.port}`;
        const asked = { ...options, url, ca: own.cert, connectTimeout: 200, timeout: 500 };
        proxy.fault = fault;
        for (const init of await inits(asked)) expect(init).toMatchObject(FAULT);
        proxy.fault = 'dribble';
        for (const init of await inits({ ...asked, connectTimeout: 5_000, timeout: 10_000 })) {
          expect(init).toMatchObject(AUTHORIZED);
        }
      }
    },
  );

  test('a connection by StartTLS that is cut while it is idle is made again', async () => {
    const proxy = await FaultProxy.start(slapd.port);
    open.push(proxy);
    const authenticator = ldapAuthenticator({
      url: `ldap://127.0.0.1:${proxy.port}`,
      startTls: true,
      ca: own.cert,
      userDnTemplate: `uid={username},${PEOPLE}`,
    });
    open.push(authenticator);
    for (let time = 0; time < 3; time++) {
      expect(await authenticatedInit(authenticator, ALICE)).toMatchObject(AUTHORIZED);
      proxy.cut();
      // What the kernel knows already takes some turns to get through TLS.
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
  });

  test('a server without StartTLS gets no secret', async () => {
    const heard: Buffer[] = [];
    const server = createTcpServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (chunk) => {
        heard.push(chunk);
        // Result 2, protocolError.
        socket.write(Buffer.from([0x30, 12, 2, 1, 2, 0x78, 7, 0x0a, 1, 2, 4, 0, 4, 0]));
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    open.push({
      async close() {
        server.close();
      },
    });
    const url = `ldap://127.0.0.1:${(server.address() as AddressInfo).port}`;
    for (const init of await inits({ url, startTls: true })) {
      expect(init).toMatchObject(FAULT);
      expect((init.cause as Error).message).toMatch(/refuses StartTLS\. Set it up there, or use ldaps:\/\/\.$/);
    }
    for (const secret of [ALICE.secret, SERVICE.password]) expect(Buffer.concat(heard).includes(secret)).toBe(false);
  });

  test('what somebody slips in behind the answer to StartTLS is not taken for what comes by TLS', async () => {
    // A yes to the bind that follows, but for its last byte, for which the first byte by TLS would do.
    const forged = Buffer.from([0x30, 13, 2, 1, 2, 0x61, 8, 0x0a, 1, 0, 4, 0, 4, 1]);
    const startTlsOk = Buffer.from([0x30, 12, 2, 1, 2, 0x78, 7, 0x0a, 1, 0, 4, 0, 4, 0]);
    const refusal = Buffer.from([0x30, 12, 2, 1, 2, 0x61, 7, 0x0a, 1, 49, 4, 0, 4, 0]);
    let isAsked = false;
    const server = createTcpServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => {
        socket.write(Buffer.concat([startTlsOk, forged]));
        const secure = new TLSSocket(socket, { isServer: true, cert: own.cert, key: own.key });
        secure.on('error', () => {});
        secure.on('data', () => {
          isAsked = true;
          secure.write(refusal);
        });
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    open.push({
      async close() {
        server.close();
      },
    });
    const url = `ldap://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const authenticator = ldapAuthenticator({
      url,
      startTls: true,
      ca: own.cert,
      userDnTemplate: `uid={username},${PEOPLE}`,
    });
    open.push(authenticator);
    const init = await authenticatedInit(authenticator, ALICE);
    expect(init).toMatchObject(FAULT);
    expect(isAsked).toBe(true);
  });
});
