/** Machines as plain data, and as diagrams. Of XState it needs the types only, and elkjs to lay out a diagram. */
export { type DescribeMachineOptions, describeMachine } from './describe-machine.js';
export type {
  Box,
  LaidOutEdge,
  LaidOutGraph,
  LaidOutStart,
  LaidOutState,
  LaidOutText,
  Point,
} from './laid-out-graph.js';
export { layoutGraph } from './layout-graph.js';
export type {
  GraphDelay,
  GraphInvoke,
  GraphState,
  GraphTransition,
  MachineGraph,
  Outcome,
} from './machine-graph.js';
export { layoutOwnMachine } from './own-layouts.js';
export { describeOwnMachine, OWN_MACHINES, type OwnMachine } from './own-machines.js';
export { summarizeGraph } from './summarize-graph.js';
export { writeDot } from './write-dot.js';
export { writeJson } from './write-json.js';
export { type WriteMermaidOptions, writeMermaid } from './write-mermaid.js';
export { writeSvg } from './write-svg.js';
