/* The process of a server that clients in another process put under load. It says on which port, and ends with its parent. */
import { createSessionOrchestrator } from '../../dist/index.js';
import { webSocketTransport } from '../../dist/transports/websocket.js';
import { webSocketServerByHand } from '../by-hand/web-socket-server.mjs';
import { immediateBackends } from './immediate-backends.mjs';
import { createInit } from './inits.mjs';

const [variant] = process.argv.slice(2);
const backends = immediateBackends();

process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());
process.send(variant === 'by hand' ? await serveByHand() : await serve());

function serveByHand() {
  return webSocketServerByHand(createInit(variant, backends), backends.sessionManager);
}

async function serve() {
  const transport = webSocketTransport(createSessionOrchestrator(backends), {
    port: 0,
    maxConnectionsPerAddress: 2_000,
  });
  await transport.listening;
  return transport.address().port;
}
