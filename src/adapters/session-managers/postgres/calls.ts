import type { Clock } from '../../../model/clock.js';
import type { Abortable } from '../../../model/lazy-signal.js';
import { withDeadline } from '../../../model/with-deadline.js';
import type { CallSignals, Client, Connections } from '../../postgres-client/connections.js';
import { isRefusedByServer, postgresqlFault, type Remedies } from '../../postgres-client/postgresql-fault.js';

export interface CallsOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly connections: Connections;
  readonly remedies: Remedies;
}

/** What is called, how long it may take, and who waits for it. */
export interface Call {
  readonly what: string;
  /** In milliseconds. */
  readonly timeout: number;
  readonly caller?: Abortable | undefined;
  /** What must be there first, which may take calls of its own. */
  readonly ready?: (() => Promise<void> | undefined) | undefined;
}

/** Runs statements on a connection. */
export type Calls = <Result>(call: Call, statements: (client: Client) => Promise<Result>) => Promise<Result>;

/** A transaction that another one was in the way of: nothing came of it, and it can be run again. */
const CONFLICTS = new Set(['40001', '40P01']);
const LONGEST_PAUSE = 50;
const READ_ONLY = '25006';

/**
 * Makes the function by which everything gets to the database: within its deadline, and once more if others were in the
 * way. A caller who leaves is answered at once; the statement goes on, so that nobody can wear out connections by leaving.
 */
export function callsOn({ name, clock, connections, remedies }: CallsOptions): Calls {
  async function untilDone<Result>(signals: CallSignals, statements: (client: Client) => Promise<Result>) {
    for (;;) {
      try {
        return await connections.use(signals, statements, leavesConnectionSound);
      } catch (cause) {
        if (!CONFLICTS.has(codeOf(cause))) throw postgresqlFault(name, cause, remedies);
        await new Promise<void>((resolve) => clock.setTimeout(resolve, LONGEST_PAUSE * Math.random()));
        signals.deadline.throwIfAborted();
      }
    }
  }

  return ({ what, timeout, caller, ready }, statements) =>
    withDeadline(clock, timeout, `${name}.${what}`, (deadline) => {
      const signals = { caller: caller ?? deadline, deadline };
      const readying = ready?.();
      const result =
        readying === undefined ? untilDone(signals, statements) : readying.then(() => untilDone(signals, statements));
      return caller === undefined ? result : unlessLeft(result, caller);
    });
}

function unlessLeft<Result>(result: Promise<Result>, caller: Abortable): Promise<Result> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(caller.signal.reason);
    const settling =
      <Value>(settle: (value: Value) => void) =>
      (value: Value) => {
        caller.offAbort(leave);
        settle(value);
      };
    caller.onAbort(leave);
    result.then(settling(resolve), settling(reject));
  });
}

/** After an error of the statement alone. A server that is read-only is not the one that is wanted. */
function leavesConnectionSound(error: unknown): boolean {
  return (
    isRefusedByServer(error) && (error as { severity?: unknown }).severity === 'ERROR' && codeOf(error) !== READ_ONLY
  );
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | undefined)?.code);
}
