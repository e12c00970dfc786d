import { createConnection } from 'node:net';

/** An authenticator that asks a server of `line-server-process.mjs`, without any bound or deadline of its own. */
export function lineAuthenticator(name, port) {
  return {
    name,
    authenticate: ({ username }, { signal }) =>
      new Promise((resolve, reject) => {
        const socket = createConnection({ host: '127.0.0.1', port }, () => socket.write(`${username}\n`));
        const abort = () => socket.destroy(signal.reason);
        signal.addEventListener('abort', abort, { once: true });
        socket.on('data', () => resolve({ outcome: 'authenticated', user: username }));
        socket.on('error', reject);
        socket.on('close', () => signal.removeEventListener('abort', abort));
      }),
  };
}
