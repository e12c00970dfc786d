import type { InspectionEvent } from 'xstate';
import type { InitRecording } from '../model/init-recording.js';
import { guarded } from './guarded.js';

/** Looks into inits: see `SessionOrchestrator.inspect`. */
export interface InitInspector {
  /** Whether to look into the init that begins now. It runs in XState's own actor, which is slower. @defaultValue all */
  samples?: (referenceId: string) => boolean;
  /** Gets XState's inspection events of an init that is looked into. */
  inspect: (event: InspectionEvent, referenceId: string) => void;
  /** Gets an init that is looked into as it can be replayed, once it has ended. */
  record?: (recording: InitRecording) => void;
}

/** What to tell of one init to those who look into it. */
export interface Looking {
  inspect(event: InspectionEvent): void;
  /** Once it has ended. A recording is made only if somebody wants it. */
  record(make: () => InitRecording): void;
}

/** Those who look into inits, which changes while inits run. */
export class Inspectors {
  readonly #inspectors = new Set<Required<Omit<InitInspector, 'record'>> & Pick<InitInspector, 'record'>>();
  readonly #onFault: (cause: unknown) => void;

  /** @param onFault - told what an inspector throws */
  constructor(onFault: (cause: unknown) => void) {
    this.#onFault = onFault;
  }

  /** @returns a function that ends it */
  add({ samples = () => true, inspect, record }: InitInspector): () => void {
    const inspector = {
      samples,
      inspect: guarded(inspect, this.#onFault),
      ...(record && { record: guarded(record, this.#onFault) }),
    };
    this.#inspectors.add(inspector);
    return () => this.#inspectors.delete(inspector);
  }

  /** What to tell of an init that begins; undefined if nobody looks into it. */
  of(referenceId: string): Looking | undefined {
    if (this.#inspectors.size === 0) return undefined;
    const looking = [...this.#inspectors].filter(({ samples }) => this.#isSampled(samples, referenceId));
    if (looking.length === 0) return undefined;
    return {
      inspect: (event) => {
        for (const { inspect } of looking) inspect(event, referenceId);
      },
      record: (make) => {
        const wanted = looking.filter(({ record }) => record !== undefined);
        if (wanted.length === 0) return;
        guarded(() => {
          const recording = make();
          for (const { record } of wanted) record?.(recording);
        }, this.#onFault)();
      },
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
