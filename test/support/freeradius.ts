import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A user of {@link FreeRadius}. */
export interface RadiusUser {
  username: string;
  secret: string;
  /** What the server adds to its Access-Accept, as a users file of FreeRADIUS has it: `Class = "staff"`. */
  reply?: readonly string[];
}

/** How {@link FreeRadius} is set up. */
export interface FreeRadiusOptions {
  users: readonly RadiusUser[];
  /** The secret that it shares with clients on 127.0.0.1. */
  secret: string;
  /** Whether its answers have a Message-Authenticator, as those of old servers had not. @defaultValue true */
  protectsAnswers?: boolean;
  /** Where it listens. @defaultValue a free port */
  port?: number;
}

/** The user whom {@link FreeRadius} answers with an Access-Challenge. */
export const CHALLENGED = 'challenged-user';

/** A real FreeRADIUS on 127.0.0.1, in a folder of its own. */
export class FreeRadius {
  readonly #folder = mkdtempSync(join(tmpdir(), 'session-init-freeradius-'));
  readonly #command: string;
  #process: ChildProcess | undefined;

  private constructor(
    command: string,
    readonly port: number,
  ) {
    this.#command = command;
  }

  static async start(command: string, options: FreeRadiusOptions): Promise<FreeRadius> {
    const server = new FreeRadius(command, options.port ?? (await freeUdpPort()));
    const files = {
      'radiusd.conf': configuration(server.#folder, server.port, options),
      dictionary: '$INCLUDE /usr/share/freeradius/dictionary\n',
      users: options.users.map(usersFileEntry).join(''),
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(server.#folder, name), text, { mode: 0o600 });
    await server.run();
    return server;
  }

  /** Runs it again, after {@link kill}, on the same port. */
  async run(): Promise<void> {
    const child = spawn(this.#command, ['-f', '-l', 'stdout', '-d', this.#folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#process = child;
    let log = '';
    await new Promise<void>((resolve, reject) => {
      child.stdout.on('data', (text) => {
        log += text;
        if (log.includes('Ready to process requests')) resolve();
      });
      child.on('error', reject);
      child.on('exit', () => reject(new Error(`freeradius has ended: ${log}`)));
    });
  }

  /** Kills it without a warning. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  /** Stops it in its tracks, so that it takes requests and answers none, until {@link resume}. */
  freeze(): void {
    this.#process?.kill('SIGSTOP');
  }

  resume(): void {
    this.#process?.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A port on 127.0.0.1 to which nothing is bound. */
export async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

function configuration(folder: string, port: number, { secret, protectsAnswers = true }: FreeRadiusOptions): string {
  const protect = protectsAnswers ? 'update reply { Message-Authenticator := 0x00 }' : 'noop';
  return `
name = session-init-test
libdir = /usr/lib/freeradius
logdir = ${folder}
run_dir = ${folder}
pidfile = ${folder}/pid
cleanup_delay = 2
max_requests = 16384
proxy_requests = no
security {
  reject_delay = 0
  status_server = yes
}
thread pool {
  start_servers = 2
  max_servers = 2
}
client tests {
  ipaddr = 127.0.0.1
  secret = "${secret}"
  require_message_authenticator = yes
}
modules {
  files {
    filename = ${folder}/users
    key = "%{User-Name}"
  }
  pap {
  }
  always ok {
    rcode = ok
  }
  always noop {
    rcode = noop
  }
  always handled {
    rcode = handled
  }
}
server default {
  listen {
    type = auth
    ipaddr = 127.0.0.1
    port = ${port}
  }
  authorize {
    if (&User-Name == "${CHALLENGED}") {
      update control { Response-Packet-Type := Access-Challenge }
      update reply { Reply-Message := "Enter the code" }
      ${protect}
      handled
    }
    files
    pap
    Autz-Type Status-Server {
      ${protect}
      ok
    }
  }
  authenticate {
    Auth-Type PAP {
      pap
    }
  }
  post-auth {
    ${protect}
    Post-Auth-Type REJECT {
      ${protect}
    }
  }
}
`;
}

function usersFileEntry({ username, secret, reply = [] }: RadiusUser): string {
  // Within single quotes nothing is expanded.
  const quote = (text: string) => `'${text.replaceAll(/[\\']/g, '\\$&')}'`;
  return `${quote(username)} Cleartext-Password := ${quote(secret)}\n${reply.map((line) => `    ${line}`).join(',\n')}\n\n`;
}
