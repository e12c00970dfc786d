/*
 * The process of two backends that are asked over TCP, a connection and a line for each question. One answers after a few
 * milliseconds, as a directory does; the other accepts and never answers. It says on which ports, and ends with its parent.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';

const ANSWERS_AFTER = 5;

const answering = await listen((socket) => {
  socket.once('data', () => setTimeout(() => socket.end('yes\n'), ANSWERS_AFTER));
});
const blackHole = await listen(() => {});

process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());
process.send({ answering, blackHole });

async function listen(serve) {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.address().port;
}
