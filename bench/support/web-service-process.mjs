/* The process of a web service that answers at once, as the http adapters ask it. It says on which port, and ends with its parent. */
import { once } from 'node:events';
import { createServer } from 'node:http';

const server = createServer((request, response) => {
  let text = '';
  request.setEncoding('utf8');
  request.on('data', (chunk) => {
    text += chunk;
  });
  request.on('end', () => {
    const { username, input } = JSON.parse(text);
    const answer =
      input === undefined ? { user: username, groups: ['staff'] } : { result: input.groups.includes('staff') };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  });
}).listen(0, '127.0.0.1');

process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());
await once(server, 'listening');
process.send(server.address().port);
