import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { requestSession, type SessionInitError } from '../../src/client/index.js';
import { describeWith, openssl } from '../support/requires.js';
import { ScriptedServer } from '../support/scripted-web-socket-server.js';
import { success } from '../support/wire-answers.js';

const ALICE = { username: 'alice', user_secret: 'marked-user-secret-1' };

describeWith(openssl, 'ASVS 4.4.1: over TLS', (program) => {
  let folder: string;
  let own: { key: string; cert: string };
  let other: { key: string; cert: string };
  let server: ScriptedServer;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'session-init-tls-'));
    own = certificate('own', 'localhost');
    other = certificate('other', 'elsewhere.example');
    server = await ScriptedServer.start({ ...own, ca: other.cert, requestCert: true, rejectUnauthorized: false });
  });

  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  function certificate(name: string, host: string): { key: string; cert: string } {
    const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)];
    const subject = ['-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`];
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
    const { status, stderr } = spawnSync(program, ['req', '-x509', ...kind, '-keyout', key, '-out', cert, ...subject]);
    if (status !== 0) throw new Error(String(stderr));
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  }

  const localhost = () => `wss://localhost:${server.port}/`;

  test.each([
    ['a certificate that nobody vouches for', undefined, /self-signed certificate/],
    ['a certificate of somebody else', 'other', /self-signed certificate|unable to verify/],
  ])('%s: no connection, and the cause for the developer', async (_, trusted, cause) => {
    const errors: SessionInitError[] = [];
    const response = await requestSession(localhost(), ALICE, {
      ...(trusted && { tls: { ca: other.cert } }),
      onError: (error) => errors.push(error),
    });
    expect(response.data).toMatchObject({
      reason: 'REQUEST_TIMED_OUT',
      details: 'There was no connection to the server.',
    });
    expect(errors.map((error) => String(error.cause))).toEqual([expect.stringMatching(cause)]);
    expect(server.connections.size).toBe(0);
  });

  test('a trusted certificate for another name: no connection', async () => {
    const errors: SessionInitError[] = [];
    const response = await requestSession(localhost(), ALICE, {
      tls: { ca: own.cert, servername: 'elsewhere.example' },
      onError: (error) => errors.push(error),
    });
    expect(response.data).toMatchObject({ reason: 'REQUEST_TIMED_OUT' });
    expect(errors.map((error) => String(error.cause))).toEqual([expect.stringMatching(/altnames/)]);
  });

  test("a certificate of one's own authority, the client's own certificate and headers: a session", async () => {
    const asked = requestSession(localhost(), ALICE, {
      tls: { ca: own.cert, cert: other.cert, key: other.key },
      headers: { origin: 'https://app.example.org' },
    });
    const end = await server.connections.take();
    expect(end.headers).toMatchObject({ origin: 'https://app.example.org' });
    expect(end.peerCertificate?.subject.CN).toBe('elsewhere.example');
    expect(await end.frames.take()).toEqual(ALICE);
    end.send(success('alice'));
    expect((await asked).data).toMatchObject({ user: 'alice' });
  });
});
