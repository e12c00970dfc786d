import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';

export const variants = ['by hand', 'session-init'];
export const unit = 'per second';

const SERVER = fileURLToPath(new URL('../support/web-socket-server-process.mjs', import.meta.url));
const MANY = 64;
const VERY_MANY = 1_000;

/** Inits per second over WebSockets: every connection asks again as soon as it has its answer. */
export async function createVariant(variant, { milliseconds, quick }) {
  const server = fork(SERVER, [variant]);
  server.on('exit', () => {
    throw new Error('The server has ended.');
  });
  const [port] = await once(server, 'message');
  const clients = [];
  for (let index = 0; index < (quick ? MANY : VERY_MANY); index++) clients.push(await connect(port, `user-${index}`));
  const few = (count) => () => initsPerSecond(clients.slice(0, count), milliseconds);
  return {
    workloads: {
      '1 connection': few(1),
      [`${MANY} connections`]: few(MANY),
      ...(!quick && { [`${VERY_MANY.toLocaleString('en')} connections`]: few(VERY_MANY) }),
      'a connection for each init': () => connectionsPerSecond(port, milliseconds),
    },
  };
}

/** Every client leaves when it has its answer, and comes again. */
async function connectionsPerSecond(port, milliseconds) {
  const begun = performance.now();
  let done = 0;
  const work = async (_, index) => {
    while (performance.now() - begun < milliseconds) {
      const client = await connect(port, `user-${index}`);
      const answered = client.start();
      client.stop();
      done += await answered;
      await client.close();
    }
  };
  await Promise.all(Array.from({ length: MANY }, work));
  return (done * 1000) / (performance.now() - begun);
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
    async close() {
      socket.close(1000);
      await once(socket, 'close');
    },
  };
}
