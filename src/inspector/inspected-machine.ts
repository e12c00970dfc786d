import { createHash } from 'node:crypto';
import type { GraphState } from '../graph/machine-graph.js';
import { layoutOwnMachine } from '../graph/own-layouts.js';
import { describeOwnMachine } from '../graph/own-machines.js';
import type { InspectedMachine } from './protocol.js';

/** The machine of the inits, drawn. */
export async function inspectedMachine(): Promise<InspectedMachine> {
  const described = describeOwnMachine('session-init');
  const graph = await layoutOwnMachine('session-init');
  const initial = keyOf(described.root.initial ?? '');
  return { graph, version: machineVersion(described.root), initial };
}

/** Changes with each state and transition of a machine, and with nothing else: not with what is said of them. */
export function machineVersion(root: GraphState): string {
  return createHash('sha256')
    .update(JSON.stringify(shapeOf(root)))
    .digest('hex')
    .slice(0, 12);
}

function shapeOf({ key, type, initial, transitions, states }: GraphState): unknown {
  const ways = transitions.map(({ event, guard, targets }) => [event, guard, targets]);
  return [key, type, initial, ways, states.map(shapeOf)];
}

/** The last part of a state's id. */
export function keyOf(stateId: string): string {
  return stateId.slice(stateId.lastIndexOf('.') + 1);
}
