import { type ContractCase, contractCases } from './contract-case.js';
import { answeringCases } from './transport-contract/answering.js';
import { leavingCases } from './transport-contract/leaving.js';
import { type MakeTransport, Stage } from './transport-contract/stage.js';

export type { MakeTransport, TransportClient, TransportUnderTest } from './transport-contract/stage.js';

/** Options of {@link transportContract}. */
export interface TransportContractOptions {
  /** Serves an orchestrator. The suite closes what it got. */
  create: MakeTransport;
  /** Called when a case is over, whatever came of it, after its transport was closed. */
  cleanUp?: () => void | Promise<void>;
  /** How many clients come at once. @defaultValue 30 */
  parallelClients?: number;
  /** Milliseconds, of real time, that something on a real connection may take. @defaultValue 10_000 */
  patience?: number;
}

/**
 * The contract of a transport, as cases for any test runner: each client gets the whole response to its own request and
 * nothing else; what is no request, or too large, reaches no backend; the init of a client that goes is ended, and
 * leaves no session behind; secrets show nowhere; drain and close. The orchestrator is a real one over scripted
 * backends, under simulated time; the connections are real.
 *
 * @example A WebSocket transport, with Node's own runner
 * ```ts
 * import { once } from 'node:events';
 * import test from 'node:test';
 * import { transportContract } from 'session-init/testing';
 * import { webSocketTransport } from 'session-init/transports/websocket';
 * import { WebSocket } from 'ws';
 *
 * const cases = transportContract({
 *   async create(orchestrator, { clock }) {
 *     const events: unknown[] = [];
 *     const transport = webSocketTransport(orchestrator, { port: 0, clock, onEvent: (event) => events.push(event) });
 *     await transport.listening;
 *     return {
 *       async connect() {
 *         const socket = new WebSocket(transport.address().url);
 *         await once(socket, 'open');
 *         return {
 *           async ask(request) {
 *             socket.send(request);
 *             const [data] = await Promise.race([once(socket, 'message'), once(socket, 'close').then(() => [])]);
 *             if (data === undefined) throw new Error('The connection was closed.');
 *             return String(data);
 *           },
 *           leave: () => socket.terminate(),
 *         };
 *       },
 *       drain: () => transport.drain(),
 *       close: () => transport.close(),
 *       told: () => events,
 *     };
 *   },
 * });
 * for (const { name, run } of cases) test(name, run);
 * ```
 */
export function transportContract(options: TransportContractOptions): readonly ContractCase[] {
  const { create, cleanUp, parallelClients = 30, patience = 10_000 } = options;
  const cases = { ...answeringCases, ...leavingCases };
  return contractCases(cases, () => new Stage({ create, parallelClients, patience, cleanUp }));
}
