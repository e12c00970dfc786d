import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';

export const variants = ['by hand', 'session-init'];
export const unit = 'per second';

const SERVER = fileURLToPath(new URL('../support/web-socket-server-process.mjs', import.meta.url));
const CONNECTIONS = 64;

/** Inits per second over WebSockets: every connection asks again as soon as it has its answer. */
export async function createVariant(variant, { milliseconds }) {
  const server = fork(SERVER, [variant]);
  server.on('exit', () => {
    throw new Error('The server has ended.');
  });
  const [port] = await once(server, 'message');
  const clients = await Promise.all(Array.from({ length: CONNECTIONS }, (_, index) => connect(port, `user-${index}`)));
  return {
    workloads: {
      '1 connection': () => initsPerSecond(clients.slice(0, 1), milliseconds),
      [`${CONNECTIONS} connections`]: () => initsPerSecond(clients, milliseconds),
    },
  };
}

async function initsPerSecond(clients, milliseconds) {
  const begun = performance.now();
  const counts = clients.map((client) => client.start());
  await wait(milliseconds);
  for (const client of clients) client.stop();
  const total = (await Promise.all(counts)).reduce((sum, count) => sum + count);
  return (total * 1000) / (performance.now() - begun);
}

/** A client that, once started, asks for one session after the other until it is stopped. */
async function connect(port, username) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: false });
  const request = JSON.stringify({ username, user_secret: 'marked-user-secret-1' });
  let answered = 0;
  let isRunning = false;
  let done;
  socket.on('message', (answer) => {
    if (JSON.parse(answer).success !== true) throw new Error(`An init was to succeed: ${answer}`);
    answered++;
    if (isRunning) socket.send(request);
    else done(answered);
  });
  await once(socket, 'open');
  return {
    /** @returns how many answers came until it was stopped, the last one included */
    start() {
      answered = 0;
      isRunning = true;
      socket.send(request);
      return new Promise((resolve) => {
        done = resolve;
      });
    },
    stop() {
      isRunning = false;
    },
  };
}
