import type { Clock } from '../../model/clock.js';
import { fileSignature, readWholeFile, type WholeFile } from './whole-file.js';

/** Options of {@link pollFile}. */
export interface PolledFileOptions {
  path: string;
  /** Milliseconds between two looks at the file. */
  pollInterval: number;
  clock: Clock;
  /**
   * Takes what the file holds.
   *
   * @param steadyPolls - how many polls in a row have seen the file as it is; at the very first reading, `Infinity`
   * @returns whether the matter is settled. If not, it is called again at the next poll, if the file is still the same
   */
  take(file: WholeFile, steadyPolls: number): Promise<boolean>;
  /** Is told what went wrong, in the reading or in `take`, once as long as it stays the same. */
  fail(error: unknown): void;
}

/** A file that is looked at again and again. */
export interface PolledFile {
  /** Resolves as the first reading is over, well or not. */
  readonly firstReading: Promise<void>;
  /** Stops looking. Nothing is taken or told any more. */
  close(): void;
}

/**
 * Reads a file now, and again whenever it has changed and two polls in a row have seen it the same. Polling works where
 * the notifications of the operating system do not: on network drives and on files that are mounted into a container.
 * It does not keep the process alive.
 */
export function pollFile({ path, pollInterval, clock, take, fail }: PolledFileOptions): PolledFile {
  let seen: string | undefined;
  let steadyPolls = 0;
  let settled: string | undefined;
  let failure: string | undefined;
  let timer: unknown;
  let closed = false;

  /** @param patient - whether a change is only taken, and a loss only told, if two polls have seen it */
  async function poll(patient: boolean): Promise<void> {
    const { signature, error } = await look(path);
    steadyPolls = signature === seen ? steadyPolls + 1 : 1;
    seen = signature;
    if (patient && steadyPolls < 2) return;
    if (signature !== settled) {
      if (error !== undefined) throw error;
      const file = await readWholeFile(path);
      if (closed || (patient && file.signature !== signature)) return;
      seen = file.signature;
      if (!(await offer(file, patient))) return;
    }
    failure = undefined;
  }

  /** What was taken without patience is not settled: it may be written to again within the same tick of its clock. */
  async function offer(file: WholeFile, patient: boolean): Promise<boolean> {
    let done = true;
    try {
      done = await take(file, patient ? steadyPolls : Number.POSITIVE_INFINITY);
    } finally {
      if (done && patient) settled = file.signature;
    }
    return done;
  }

  /** Never rejects, and looks again later, whatever happens. */
  async function attempt(patient: boolean): Promise<void> {
    try {
      await poll(patient);
    } catch (error) {
      const description = `${seen} ${String(error)}`;
      if (!closed && description !== failure) fail(error);
      failure = description;
    }
    if (closed) return;
    timer = clock.setTimeout(() => void attempt(true), pollInterval);
    (timer as { unref?: () => void } | undefined)?.unref?.();
  }

  return {
    firstReading: attempt(false),
    close() {
      closed = true;
      clock.clearTimeout(timer);
    },
  };
}

/** A file that is not there is in a state like any other. */
async function look(path: string): Promise<{ signature: string; error?: unknown }> {
  try {
    return { signature: await fileSignature(path) };
  } catch (error) {
    return { signature: String(error), error };
  }
}
