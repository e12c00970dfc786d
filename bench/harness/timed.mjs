import { setImmediate as turn } from 'node:timers/promises';

/**
 * Does `batch` over and over for so many milliseconds, with a turn of the event loop after each, so that timers and
 * what waits for them have their say.
 *
 * @param {number} milliseconds
 * @param {() => Promise<number> | number} batch - returns how many operations it did
 * @returns microseconds per operation
 */
export async function timed(milliseconds, batch) {
  const begun = performance.now();
  let operations = 0;
  for (;;) {
    operations += await batch();
    await turn();
    const elapsed = performance.now() - begun;
    if (elapsed >= milliseconds) return (elapsed * 1000) / operations;
  }
}
