import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { SessionOrchestrator } from '../../src/orchestrator.js';
import type { SimulatedClock, TransportUnderTest } from '../../src/testing/index.js';
import { type WebSocketTransportEvent, webSocketTransport } from '../../src/transports/websocket.js';

/** Our WebSocket transport on a real socket, as contract suites and paths use it. */
export async function webSocketUnderTest(
  orchestrator: SessionOrchestrator,
  { clock }: { clock: SimulatedClock },
): Promise<TransportUnderTest> {
  const events: WebSocketTransportEvent[] = [];
  const transport = webSocketTransport(orchestrator, { port: 0, clock, onEvent: (event) => events.push(event) });
  await transport.listening;
  return {
    async connect() {
      const socket = new WebSocket(transport.address().url, { perMessageDeflate: false });
      socket.on('error', () => {});
      const closed = once(socket, 'close');
      await Promise.race([once(socket, 'open'), closed.then(refuse)]);
      return {
        async ask(request) {
          const answered = once(socket, 'message');
          socket.send(request);
          const [data] = await Promise.race([answered, closed.then(refuse)]);
          return String(data);
        },
        leave: () => socket.terminate(),
      };
    },
    drain: () => transport.drain(),
    close: () => transport.close(),
    told: () => events,
  };
}

function refuse(): never {
  throw new Error('The connection is closed.');
}
