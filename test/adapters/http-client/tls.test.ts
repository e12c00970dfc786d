import type { ServerOptions } from 'node:https';
import { afterEach, beforeAll, expect, test } from '@jest/globals';
import { httpClient } from '../../../src/adapters/http-client/http-client.js';
import { type HttpClientOptions, httpClientProblems } from '../../../src/adapters/http-client/options.js';
import { BackendFaultError } from '../../../src/model/errors.js';
import { Secret } from '../../../src/model/secret.js';
import { describeWith, openssl } from '../../support/requires.js';
import { type SelfSigned, selfSigned } from '../../support/self-signed.js';
import { webService } from '../../support/web-service.js';

const { signal } = new AbortController();
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

describeWith(openssl, 'TLS', (command) => {
  let own: SelfSigned;
  let other: SelfSigned;
  let expired: SelfSigned;
  let elsewhere: SelfSigned;

  beforeAll(() => {
    own = selfSigned(command);
    other = selfSigned(command);
    expired = selfSigned(command, { isExpired: true });
    elsewhere = selfSigned(command, { names: 'DNS:elsewhere.example.com' });
  });

  async function ask(tls: ServerOptions, options: HttpClientOptions) {
    const service = await webService(() => ({ body: 'x' }), tls);
    const client = httpClient('backend', { timeout: 60_000, ...options });
    ends.push(service.stop, () => client.close());
    const answers = await Promise.all([
      client.request(service.origin, { method: 'GET' }, { signal }),
      client.request(service.origin.replace('127.0.0.1', 'localhost'), { method: 'GET' }, { signal }),
    ]);
    return { service, statuses: answers.map(({ status }) => status) };
  }

  test('a server whose CA is given is spoken to, by name and by address', async () => {
    expect((await ask(own, { ca: own.cert })).statuses).toEqual([200, 200]);
    expect((await ask(own, { ca: [other.cert, own.cert] })).statuses).toEqual([200, 200]);
  });

  test.each<[string, () => [ServerOptions, HttpClientOptions], RegExp]>([
    [
      'of an unknown CA',
      () => [own, {}],
      /gave no answer \([A-Z_]+\)\. The server's certificate is not signed by a CA that is trusted\. Give the CA's in ca\.$/,
    ],
    [
      'of another CA',
      () => [own, { ca: other.cert }],
      /The server's certificate is not signed by a CA that is trusted/,
    ],
    [
      'that has expired',
      () => [expired, { ca: expired.cert }],
      /gave no answer \(CERT_HAS_EXPIRED\)\. The server's certificate has expired\. Renew it\.$/,
    ],
    [
      'of another host',
      () => [elsewhere, { ca: elsewhere.cert }],
      /gave no answer \(ERR_TLS_CERT_ALTNAME_INVALID\)\. .* is for another host name\. Use that name in the URL\.$/,
    ],
  ])('a certificate %s is a fault, and nothing is sent', async (_, parts, message) => {
    const [tls, options] = parts();
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    ends.push(async () => {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
    });
    const service = await webService(() => ({ body: 'x' }), tls);
    const client = httpClient('backend', { timeout: 60_000, ...options });
    ends.push(service.stop, () => client.close());
    const asked = client.request(service.origin, { method: 'POST', body: 'marked' }, { signal });
    await expect(asked).rejects.toThrow(message);
    await expect(asked).rejects.toThrow(BackendFaultError);
    expect(service.received).toEqual([]);
  });

  test('a client certificate is shown to who asks for it', async () => {
    const tls = { ...own, ca: other.cert, requestCert: true, rejectUnauthorized: true };
    const shown = { ca: own.cert, cert: other.cert, key: new Secret(other.key) };
    expect((await ask(tls, shown)).statuses).toEqual([200, 200]);
    await expect(ask(tls, { ca: own.cert })).rejects.toThrow(BackendFaultError);
    await expect(ask(tls, { ca: own.cert, cert: own.cert, key: own.key })).rejects.toThrow(BackendFaultError);
  });

  test('an old version of TLS is not spoken', async () => {
    const tls = { ...own, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    await expect(ask(tls, { ca: own.cert })).rejects.toThrow(BackendFaultError);
  });

  test('a server of plain HTTP is a fault', async () => {
    const service = await webService(() => ({ body: 'x' }));
    const client = httpClient('backend', { timeout: 60_000, ca: own.cert });
    ends.push(service.stop, () => client.close());
    const asked = client.request(service.origin.replace('http:', 'https:'), { method: 'GET' }, { signal });
    await expect(asked).rejects.toThrow(BackendFaultError);
  });

  test('what is wrong with the certificates is found before anything is sent', () => {
    const problemsOf = (options: object) => httpClientProblems(options);
    const broken = own.cert.replace(/\n[^-]{20}/, '\n????');
    expect(problemsOf({ ca: own.cert, cert: own.cert, key: own.key })).toEqual([]);
    expect(problemsOf({ ca: [] })).toEqual(['ca must hold certificates in PEM.']);
    expect(problemsOf({ ca: '/etc/ssl/ca.pem' })).toEqual(['ca must hold certificates in PEM.']);
    expect(problemsOf({ ca: [own.cert, broken] })).toEqual(['ca must hold certificates in PEM.']);
    expect(problemsOf({ ca: own.key })).toEqual(['ca must hold certificates in PEM.']);
    expect(problemsOf({ cert: own.cert })).toEqual(['cert and key need each other.']);
    expect(problemsOf({ key: own.key })).toEqual(['cert and key need each other.']);
    expect(problemsOf({ cert: own.key, key: own.cert })).toEqual([
      'cert must hold certificates in PEM.',
      'key must be a private key in PEM that is not encrypted.',
    ]);
    expect(problemsOf({ cert: own.cert, key: other.key })).toEqual(['key is not the key of cert.']);
    expect(problemsOf({ cert: 1, key: 2 })).toHaveLength(2);
  });
});
