import type { MachineGraph } from './machine-graph.js';

/** Writes the description of a machine as JSON, for programs. */
export function writeJson(graph: MachineGraph): string {
  return `${JSON.stringify(graph, null, 2)}\n`;
}
