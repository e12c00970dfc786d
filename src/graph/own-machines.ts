import type { AnyStateMachine } from 'xstate';
import { clientMachine, DEFAULT_CLIENT_DEADLINE } from '../machines/client.js';
import { connectionMachine } from '../machines/connection.js';
import { DEFAULT_DEADLINES } from '../machines/deadlines.js';
import { sessionInitMachine } from '../machines/session-init.js';
import { TERMINAL_STATES, type TerminalState } from '../machines/terminal-states.js';
import { describeMachine } from './describe-machine.js';
import type { MachineGraph, Outcome } from './machine-graph.js';

/** The names under which the machines of this package are asked for. */
export type OwnMachine = 'session-init' | 'connection' | 'client';

/** The defaults of the WebSocket transport, which sets these. A test holds the two equal. */
export const CONNECTION_DELAYS = {
  greetingTimeout: 30_000,
  quietTimeout: 30_000,
  pongTimeout: 10_000,
  handlerTimeout: 30_000,
  closeTimeout: 5_000,
};

/** What is no fault of anybody. Every other end without a session is one. */
const DENIALS: readonly TerminalState[] = ['authenticationDenied', 'notAuthorized', 'refused'];

const OUTCOMES: Record<string, Outcome> = {
  ...Object.fromEntries(
    Object.entries(TERMINAL_STATES).map(([state, { reason }]) => [state, reason === undefined ? 'success' : 'fault']),
  ),
  ...Object.fromEntries(DENIALS.map((state) => [state, 'denial'])),
  // A server's failure, which the client passes on as it came: most are denials.
  declined: 'denial',
};

const DESCRIBED: Record<OwnMachine, () => MachineGraph> = {
  'session-init': () => describeSessionInit(sessionInitMachine),
  connection: () => describeMachine(connectionMachine, { delays: CONNECTION_DELAYS }),
  client: () =>
    describeMachine(clientMachine, { outcomes: OUTCOMES, delays: { requestTimeout: DEFAULT_CLIENT_DEADLINE } }),
};

/** Describes the machine of an init, or one that was made from it, with the deadlines that it has by default. */
export function describeSessionInit(machine: AnyStateMachine): MachineGraph {
  return describeMachine(machine, {
    outcomes: OUTCOMES,
    delays: {
      requestTimeout: DEFAULT_DEADLINES.request,
      admissionTimeout: DEFAULT_DEADLINES.admission,
      authenticationTimeout: DEFAULT_DEADLINES.authentication,
      authorizationTimeout: DEFAULT_DEADLINES.authorization,
      sessionTimeout: DEFAULT_DEADLINES.session,
    },
  });
}

/** The names of the machines of this package. */
export const OWN_MACHINES = Object.keys(DESCRIBED) as readonly OwnMachine[];

/** Describes a machine of this package, with the deadlines that it has by default. */
export function describeOwnMachine(name: OwnMachine): MachineGraph {
  return DESCRIBED[name]();
}
