import { type AnyStateMachine, createMachine } from 'xstate';
import { describeMachine } from '../graph/describe-machine.js';
import type { LaidOutGraph } from '../graph/laid-out-graph.js';
import type { MachineGraph } from '../graph/machine-graph.js';
import type { Drawings } from './drawings.js';
import { machineVersion } from './inspected-machine.js';
import type { MachineOutline } from './protocol.js';

/** Of a machine that is known by what another application sent, which may be anything. */
const MAX_TOLD_STATES = 60;
const MAX_KEPT = 50;

interface KnownMachine {
  readonly graph: MachineGraph;
  drawing?: LaidOutGraph;
}

/** The machines of actors, drawn. Those of this process are known as they are, those of others by their definition. */
export class DrawnMachines {
  readonly #drawings: Drawings;
  readonly #onDrawn: (version: string) => void;
  readonly #versions = new WeakMap<AnyStateMachine, string>();
  /** By version. */
  readonly #known = new Map<string, KnownMachine>();

  /** @param onDrawn - told the version of a machine of which there is a drawing now */
  constructor(drawings: Drawings, onDrawn: (version: string) => void) {
    this.#drawings = drawings;
    this.#onDrawn = onDrawn;
  }

  /** @returns the version of a machine, for {@link DrawnMachines.drawingOf}; undefined if it cannot be described */
  versionOf(machine: AnyStateMachine): string | undefined {
    const known = this.#versions.get(machine);
    if (known !== undefined && this.#known.has(known)) return known;
    const version = this.#describe(() => machine);
    if (version !== undefined) this.#versions.set(machine, version);
    return version;
  }

  /** The same for one of which only the definition was told. */
  versionOfTold(definition: unknown, outline: MachineOutline): string | undefined {
    if (countStates(outline) > MAX_TOLD_STATES) return undefined;
    return this.#describe(() => createMachine(definition as never));
  }

  /** The drawing, if there is one yet. */
  drawingOf(version: string): LaidOutGraph | undefined {
    return this.#known.get(version)?.drawing;
  }

  /** Has it drawn. */
  draw(version: string): void {
    const known = this.#known.get(version);
    if (known === undefined || known.drawing !== undefined) return;
    void this.#drawings.draw(known.graph).then((drawing) => {
      if (drawing === undefined || known.drawing !== undefined) return;
      known.drawing = drawing;
      this.#onDrawn(version);
    });
  }

  #describe(machine: () => AnyStateMachine): string | undefined {
    let graph: MachineGraph;
    try {
      graph = describeMachine(machine());
    } catch {
      // A definition that no machine can be made of is still an outline.
      return undefined;
    }
    const version = machineVersion(graph.root);
    if (this.#known.has(version)) return version;
    this.#known.set(version, { graph });
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_KEPT && oldest !== undefined) this.#known.delete(oldest);
    return version;
  }
}

function countStates({ states }: MachineOutline): number {
  return states.reduce((sum, state) => sum + countStates(state), 1);
}
