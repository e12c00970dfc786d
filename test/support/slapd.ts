import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Attribute, Change, Client, Control } from 'ldapts';
import { accepts, freePort } from './tcp-port.js';

export const SUFFIX = 'dc=example,dc=com';
export const PEOPLE = `ou=people,${SUFFIX}`;
export const GROUPS = `ou=groups,${SUFFIX}`;
export const ADMIN = { dn: `cn=admin,${SUFFIX}`, password: 'marked-admin-secret' };
export const SERVICE = { dn: `cn=service,${SUFFIX}`, password: 'marked-service-secret' };
/** Whatever is asked about entries below it is answered by {@link Slapd.scripted}. */
export const SCRIPTED_SUFFIX = 'dc=scripted';

/** What slapd asks of its back-sock backend: the operation, and its lines by name. */
export interface ScriptedRequest {
  operation: string;
  lines: Readonly<Record<string, string>>;
}

/** A real slapd on 127.0.0.1, in a folder of its own, with the overlays memberof and ppolicy. */
export class Slapd {
  readonly #folder = mkdtempSync(join(tmpdir(), 'session-init-slapd-'));
  readonly #command: string;
  readonly #backSock: Server;
  readonly port: number;
  readonly tlsPort: number;
  #process: ChildProcess | undefined;
  /** Answers for the entries below {@link SCRIPTED_SUFFIX}, as slapd-sock(5) says. */
  scripted: (request: ScriptedRequest) => string = () => result(80);

  private constructor(command: string, ports: readonly number[]) {
    this.#command = command;
    [this.port, this.tlsPort] = ports as [number, number];
    this.#backSock = createServer({ allowHalfOpen: true }, (socket) => {
      let text = '';
      socket.on('error', () => {});
      socket.on('data', (chunk) => {
        text += chunk;
        if (text.endsWith('\n\n') || text.includes('\ncred: ')) socket.end(this.scripted(parseRequest(text)));
      });
    });
  }

  /** @param tls - the server's certificate and its key, in PEM */
  static async start(command: string, tls: { cert: string; key: string }): Promise<Slapd> {
    const slapd = new Slapd(command, [await freePort(), await freePort()]);
    slapd.#configure(tls);
    slapd.#backSock.listen(join(slapd.#folder, 'sock'));
    await once(slapd.#backSock, 'listening');
    await slapd.run();
    await slapd.as(ADMIN, async (client) => {
      await client.add(SUFFIX, { objectClass: ['dcObject', 'organization'], dc: 'example', o: 'Example' });
      for (const ou of ['people', 'groups', 'policies']) {
        await client.add(`ou=${ou},${SUFFIX}`, { objectClass: 'organizationalUnit', ou });
      }
      await client.add(SERVICE.dn, {
        objectClass: ['applicationProcess', 'simpleSecurityObject'],
        cn: 'service',
        userPassword: SERVICE.password,
      });
    });
    return slapd;
  }

  get url(): string {
    return `ldap://127.0.0.1:${this.port}`;
  }

  get ldapsUrl(): string {
    return `ldaps://127.0.0.1:${this.tlsPort}`;
  }

  /** Runs it again, after {@link kill}, on the same ports and the same entries. */
  async run(): Promise<void> {
    const urls = `ldap://127.0.0.1:${this.port} ldaps://127.0.0.1:${this.tlsPort}`;
    const child = spawn(this.#command, ['-f', join(this.#folder, 'slapd.conf'), '-h', urls, '-d', '0'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#process = child;
    let complaints = '';
    child.stderr.on('data', (text) => {
      complaints += text;
    });
    while (!(await accepts(this.tlsPort)) || !(await accepts(this.port))) {
      if (child.exitCode !== null) throw new Error(`slapd has ended: ${complaints}`);
      await wait(20);
    }
  }

  /** Kills it without a warning. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  async stop(): Promise<void> {
    await this.kill();
    this.#backSock.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Does something over a connection of ldapts, bound to an account. */
  async as(account: { dn: string; password: string }, run: (client: Client) => Promise<void>): Promise<void> {
    const client = new Client({ url: this.url });
    try {
      await client.bind(account.dn, account.password);
      await run(client);
    } finally {
      await client.unbind();
    }
  }

  async addUser(uid: string, password: string, attributes: Record<string, string | string[]> = {}): Promise<string> {
    const dn = `uid=${uid.replaceAll(/[,+"\\<>;=#]/g, '\\$&')},${PEOPLE}`;
    const entry = { objectClass: 'inetOrgPerson', uid, cn: uid, sn: uid, userPassword: password, ...attributes };
    await this.as(ADMIN, (client) => client.add(dn, entry));
    return dn;
  }

  async addGroup(cn: string, members: readonly string[], base: string = GROUPS): Promise<string> {
    const dn = `cn=${cn},${base}`;
    await this.as(ADMIN, (client) => client.add(dn, { objectClass: 'groupOfNames', cn, member: [...members] }));
    return dn;
  }

  /** Sets what only slapd itself may set, such as when a password was changed. */
  async setOperational(dn: string, attributes: Record<string, string>): Promise<void> {
    const relaxRules = new Control('1.3.6.1.4.1.4203.666.5.12', { critical: true });
    const changes = Object.entries(attributes).map(
      ([type, value]) => new Change({ operation: 'replace', modification: new Attribute({ type, values: [value] }) }),
    );
    await this.as(ADMIN, (client) => client.modify(dn, changes, relaxRules));
  }

  #configure({ cert, key }: { cert: string; key: string }): void {
    const inFolder = (name: string) => join(this.#folder, name);
    mkdirSync(inFolder('data'));
    writeFileSync(inFolder('cert.pem'), cert);
    writeFileSync(inFolder('key.pem'), key, { mode: 0o600 });
    const schemas = ['core', 'cosine', 'inetorgperson'].map((name) => `include /etc/ldap/schema/${name}.schema`);
    const lines = [
      ...schemas,
      // As 389 Directory Server has it.
      "attributetype ( 2.16.840.1.113730.3.1.610 NAME 'nsAccountLock' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )",
      'modulepath /usr/lib/ldap',
      ...['back_mdb', 'back_sock', 'memberof', 'ppolicy', 'argon2'].map((name) => `moduleload ${name}`),
      `TLSCertificateFile ${inFolder('cert.pem')}`,
      `TLSCertificateKeyFile ${inFolder('key.pem')}`,
      `TLSCACertificateFile ${inFolder('cert.pem')}`,
      'database mdb',
      'maxsize 16777216',
      `suffix ${SUFFIX}`,
      `rootdn ${ADMIN.dn}`,
      `rootpw ${ADMIN.password}`,
      `directory ${inFolder('data')}`,
      'dbnosync',
      'index uid,cn,member,objectClass eq',
      'overlay memberof',
      'memberof-group-oc groupOfNames',
      'overlay ppolicy',
      'ppolicy_hash_cleartext',
      'ppolicy_use_lockout',
      'access to attrs=userPassword by anonymous auth by * none',
      'access to * by * read',
      'database sock',
      `suffix ${SCRIPTED_SUFFIX}`,
      `socketpath ${inFolder('sock')}`,
    ];
    writeFileSync(inFolder('slapd.conf'), `${lines.join('\n')}\n`);
  }
}

/** The end of an answer of {@link Slapd.scripted}. */
export function result(code: number, info = ''): string {
  return `RESULT\ncode: ${code}\ninfo: ${info}\n`;
}

function parseRequest(text: string): ScriptedRequest {
  const [operation = '', ...lines] = text.split('\n');
  return {
    operation,
    lines: Object.fromEntries(lines.map((line) => /^(\w+): ?(.*)$/s.exec(line)?.slice(1) ?? ['', ''])),
  };
}
