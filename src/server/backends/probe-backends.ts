import { type Authenticator, type Authorizer, type Clock, type SessionManager, systemClock } from '../../index.js';
import { withDeadline } from '../../model/with-deadline.js';
import { describeCause } from '../logging/describe-cause.js';

/** What came of asking a backend for a sign of life. */
export interface Probe {
  /** Its place in the configuration: `authenticators.corp`. */
  readonly place: string;
  /** The name of the backend. */
  readonly backend: string;
  /** `local`: there is nothing behind it that could be asked. */
  readonly outcome: 'answered' | 'failed' | 'local';
  /** Only if it failed: what went wrong. */
  readonly problem?: string;
}

/** What may be able to give a sign of life. */
export type Probed = Pick<Authenticator | Authorizer | SessionManager, 'name' | 'probe'>;

/** Asks every backend for a sign of life, all at once, and waits for each as long as an init would. */
export function probeBackends(
  { byPlace }: { readonly byPlace: ReadonlyMap<string, Probed> },
  deadline: number,
  clock: Clock = systemClock,
): Promise<readonly Probe[]> {
  return Promise.all(
    [...byPlace]
      .sort(([one], [other]) => one.localeCompare(other))
      .map(async ([place, backend]): Promise<Probe> => {
        if (backend.probe === undefined) return { place, backend: backend.name, outcome: 'local' };
        try {
          await withDeadline(clock, deadline, backend.name, async (options) => backend.probe?.(options));
          return { place, backend: backend.name, outcome: 'answered' };
        } catch (cause) {
          return { place, backend: backend.name, outcome: 'failed', problem: describeCause(cause) };
        }
      }),
  );
}
