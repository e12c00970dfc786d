import type { LaidOutGraph } from './laid-out-graph.js';
import type { OwnMachine } from './own-machines.js';

const LAYOUTS: Record<OwnMachine, () => Promise<{ layout: LaidOutGraph }>> = {
  'session-init': () => import('./layouts/session-init.js'),
  connection: () => import('./layouts/connection.js'),
  client: () => import('./layouts/client.js'),
};

/** The layout of a machine of this package. It was made ahead of time, so this needs no other package. */
export async function layoutOwnMachine(name: OwnMachine): Promise<LaidOutGraph> {
  return (await LAYOUTS[name]()).layout;
}
