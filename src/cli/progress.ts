import { type Clock, systemClock } from '../model/clock.js';

/** Milliseconds between two lines: nobody reads faster. */
const INTERVAL = 100;

/** A line on the terminal that says how far something has come. */
export interface Progress {
  show(text: string): void;
  /** Wipes the line away. Something else may be shown later. */
  clear(): void;
}

/** Shows progress on the standard error, if that is a terminal: in a log it would be noise. */
export function progress(stream: NodeJS.WriteStream = process.stderr, clock: Clock = systemClock): Progress {
  let shownAt: number | undefined;
  return {
    show(text) {
      const now = clock.monotonic();
      if (!stream.isTTY || (shownAt !== undefined && now - shownAt < INTERVAL)) return;
      shownAt = now;
      stream.write(`\r\u001b[K${text}`);
    },
    clear() {
      if (shownAt !== undefined) stream.write('\r\u001b[K');
      shownAt = undefined;
    },
  };
}

/** Such as `1,234,567`. */
export function thousands(count: number): string {
  return count.toLocaleString('en-US');
}
