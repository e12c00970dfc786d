import type { InspectionEvent } from 'xstate';
import { guarded } from './guarded.js';

/** Looks into inits: see `SessionOrchestrator.inspect`. */
export interface InitInspector {
  /** Whether to look into the init that begins now. It runs in XState's own actor, which is slower. @defaultValue all */
  samples?: (referenceId: string) => boolean;
  /** Gets XState's inspection events of an init that is looked into. */
  inspect: (event: InspectionEvent, referenceId: string) => void;
}

/** Those who look into inits, which changes while inits run. */
export class Inspectors {
  readonly #inspectors = new Set<Required<InitInspector>>();
  readonly #onFault: (cause: unknown) => void;

  /** @param onFault - told what an inspector throws */
  constructor(onFault: (cause: unknown) => void) {
    this.#onFault = onFault;
  }

  /** @returns a function that ends it */
  add({ samples = () => true, inspect }: InitInspector): () => void {
    const inspector = { samples, inspect: guarded(inspect, this.#onFault) };
    this.#inspectors.add(inspector);
    return () => this.#inspectors.delete(inspector);
  }

  /** What to tell of an init that begins; undefined if nobody looks into it. */
  of(referenceId: string): ((event: InspectionEvent) => void) | undefined {
    if (this.#inspectors.size === 0) return undefined;
    const looking = [...this.#inspectors].filter(({ samples }) => this.#isSampled(samples, referenceId));
    if (looking.length === 0) return undefined;
    return (event) => {
      for (const { inspect } of looking) inspect(event, referenceId);
    };
  }

  #isSampled(samples: (referenceId: string) => boolean, referenceId: string): boolean {
    try {
      return samples(referenceId);
    } catch (cause) {
      this.#onFault(cause);
      return false;
    }
  }
}
