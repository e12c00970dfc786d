import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { LaidOutGraph } from '../graph/laid-out-graph.js';
import type { GraphState, MachineGraph } from '../graph/machine-graph.js';
import type { Clock } from '../index.js';
import { machineVersion } from './inspected-machine.js';

const MAX_STATES = 120;
const MAX_KEPT = 50;
const MAX_MEMORY_MB = 512;
/** Milliseconds. */
const PATIENCE = 30_000;

/** Draws machines of other people, each once, and one at a time. */
export class Drawings {
  readonly #worker: URL;
  readonly #clock: Clock;
  /** By version; undefined for one that could not be drawn. */
  readonly #drawn = new Map<string, LaidOutGraph | undefined>();
  #queue: Promise<unknown> = Promise.resolve();
  /** Ends the drawing that is being made. */
  #giveUp = () => {};
  #isClosed = false;

  /** @param root - the folder of the built package */
  constructor(root: string, clock: Clock) {
    this.#worker = pathToFileURL(join(root, 'inspector', 'layout-worker.js'));
    this.#clock = clock;
  }

  /** @returns the drawing; undefined if the machine is too large, or the optional package elkjs is not installed */
  draw(graph: MachineGraph): Promise<LaidOutGraph | undefined> {
    if (countStates(graph.root) > MAX_STATES) return Promise.resolve(undefined);
    const result = this.#queue.then(async () => {
      const version = machineVersion(graph.root);
      if (!this.#drawn.has(version)) {
        this.#drawn.set(version, this.#isClosed ? undefined : await this.#layOut(graph));
        const [oldest] = this.#drawn.keys();
        if (this.#drawn.size > MAX_KEPT && oldest !== undefined) this.#drawn.delete(oldest);
      }
      return this.#drawn.get(version);
    });
    this.#queue = result;
    return result;
  }

  /** Draws nothing more. */
  close(): void {
    this.#isClosed = true;
    this.#giveUp();
  }

  #layOut(graph: MachineGraph): Promise<LaidOutGraph | undefined> {
    return new Promise((resolve) => {
      const worker = new Worker(this.#worker, {
        workerData: graph,
        execArgv: [],
        resourceLimits: { maxOldGenerationSizeMb: MAX_MEMORY_MB },
      });
      worker.unref();
      const finish = (drawing?: LaidOutGraph) => {
        this.#clock.clearTimeout(timer);
        void worker.terminate();
        resolve(drawing);
      };
      const timer = this.#clock.setTimeout(finish, PATIENCE);
      this.#giveUp = finish;
      worker.once('message', finish);
      worker.once('error', () => finish());
      worker.once('exit', () => finish());
    });
  }
}

function countStates({ states }: GraphState): number {
  return states.reduce((sum, state) => sum + countStates(state), 1);
}
