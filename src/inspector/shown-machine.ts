import { describeSessionInit } from '../graph/own-machines.js';
import type { SessionInitMachine } from '../index.js';
import type { Drawings } from './drawings.js';
import { keyOf, machineVersion } from './inspected-machine.js';
import { outlineGraph } from './outline-graph.js';
import type { InspectedMachine } from './protocol.js';

/** The machine that the page shows: that of the orchestrator which was attached last. */
export class ShownMachine {
  readonly #own: InspectedMachine;
  readonly #drawings: Drawings;
  readonly #onChange: () => void;
  #shown: InspectedMachine;

  /** @param own - the machine of this package, which is drawn already */
  constructor(own: InspectedMachine, drawings: Drawings, onChange: () => void) {
    this.#own = own;
    this.#shown = own;
    this.#drawings = drawings;
    this.#onChange = onChange;
  }

  get now(): InspectedMachine {
    return this.#shown;
  }

  /** Shows this machine, as an outline until there is a drawing of it. */
  show(machine: SessionInitMachine): void {
    const described = describeSessionInit(machine);
    const version = machineVersion(described.root);
    if (version === this.#shown.version) return;
    if (version === this.#own.version) {
      this.#change(this.#own);
      return;
    }
    const initial = keyOf(described.root.initial ?? '');
    this.#change({ graph: outlineGraph(described), version, initial, isOutline: true });
    void this.#drawings.draw(described).then((graph) => {
      if (graph !== undefined && this.#shown.version === version) this.#change({ graph, version, initial });
    });
  }

  #change(machine: InspectedMachine): void {
    this.#shown = machine;
    this.#onChange();
  }
}
