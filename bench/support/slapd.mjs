import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Client } from 'ldapts';

const SUFFIX = 'dc=example,dc=com';
const ADMIN = { bindDn: `cn=admin,${SUFFIX}`, bindPassword: 'marked-admin-secret' };

/**
 * Starts a slapd with users `user-0`, `user-1`, …, whose secrets are `marked-user-secret-0`, …. It ends with this process.
 *
 * @param {number} users
 */
export async function startSlapd(users) {
  const folder = mkdtempSync(join(tmpdir(), 'session-init-bench-'));
  const port = await freePort();
  mkdirSync(join(folder, 'data'));
  writeFileSync(join(folder, 'slapd.conf'), configuration(folder));
  const url = `ldap://127.0.0.1:${port}`;
  const slapd = spawn('/usr/sbin/slapd', ['-f', join(folder, 'slapd.conf'), '-h', url, '-d', '0'], { stdio: 'ignore' });
  process.once('exit', () => {
    slapd.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  await once(slapd, 'spawn');
  while (!(await accepts(port))) await wait(20);
  await fill(url, users);
  return { url, ...ADMIN, userBase: `ou=people,${SUFFIX}` };
}

function configuration(folder) {
  return [
    ...['core', 'cosine', 'inetorgperson'].map((schema) => `include /etc/ldap/schema/${schema}.schema`),
    'modulepath /usr/lib/ldap',
    'moduleload back_mdb',
    'database mdb',
    `suffix ${SUFFIX}`,
    `rootdn ${ADMIN.bindDn}`,
    `rootpw ${ADMIN.bindPassword}`,
    `directory ${join(folder, 'data')}`,
    'dbnosync',
    'index uid,objectClass eq',
    '',
  ].join('\n');
}

async function fill(url, users) {
  const client = new Client({ url });
  await client.bind(ADMIN.bindDn, ADMIN.bindPassword);
  await client.add(SUFFIX, { objectClass: ['dcObject', 'organization'], dc: 'example', o: 'Example' });
  await client.add(`ou=people,${SUFFIX}`, { objectClass: 'organizationalUnit', ou: 'people' });
  for (let index = 0; index < users; index++) {
    const uid = `user-${index}`;
    const userPassword = `marked-user-secret-${index}`;
    await client.add(`uid=${uid},ou=people,${SUFFIX}`, {
      objectClass: 'inetOrgPerson',
      uid,
      cn: uid,
      sn: uid,
      userPassword,
    });
  }
  await client.unbind();
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function accepts(port) {
  const socket = createConnection({ host: '127.0.0.1', port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
