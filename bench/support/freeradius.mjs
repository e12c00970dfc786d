import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SECRET = 'marked-shared-secret';

/**
 * Starts a FreeRADIUS with users `user-0`, `user-1`, …, whose secrets are `marked-user-secret-0`, …. It ends with this
 * process.
 *
 * @param {number} users
 */
export async function startFreeRadius(users) {
  const folder = mkdtempSync(join(tmpdir(), 'session-init-bench-'));
  const port = await freeUdpPort();
  writeFileSync(join(folder, 'radiusd.conf'), configuration(folder, port));
  writeFileSync(join(folder, 'dictionary'), '$INCLUDE /usr/share/freeradius/dictionary\n');
  const entries = Array.from(
    { length: users },
    (_, index) => `user-${index} Cleartext-Password := 'marked-user-secret-${index}'\n`,
  );
  writeFileSync(join(folder, 'users'), entries.join(''));
  const server = spawn('/usr/sbin/freeradius', ['-f', '-l', 'stdout', '-d', folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.once('exit', () => {
    server.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  for (let log = ''; !log.includes('Ready to process requests'); ) log += String(await once(server.stdout, 'data'));
  server.stdout.resume();
  return { host: '127.0.0.1', port, secret: SECRET };
}

function configuration(folder, port) {
  return `
name = session-init-bench
libdir = /usr/lib/freeradius
logdir = ${folder}
run_dir = ${folder}
pidfile = ${folder}/pid
cleanup_delay = 1
max_requests = 16384
proxy_requests = no
client bench {
  ipaddr = 127.0.0.1
  secret = ${SECRET}
}
modules {
  files {
    filename = ${folder}/users
  }
  pap {
  }
}
server default {
  listen {
    type = auth
    ipaddr = 127.0.0.1
    port = ${port}
  }
  authorize {
    files
    pap
  }
  authenticate {
    Auth-Type PAP {
      pap
    }
  }
  post-auth {
    update reply {
      Message-Authenticator := 0x00
    }
  }
}
`;
}

async function freeUdpPort() {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}
