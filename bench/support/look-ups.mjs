import { timed } from '../harness/timed.mjs';

const SEQUENCE = 500;
/** Beyond so many, a sample of the secrets is asked for: their own list must not be what is measured. */
const SAMPLE = 100_000;

/** How many sessions there are, by the name of the workload. */
export function storeSizes({ quick, large }) {
  if (quick) return { '1k sessions': 1_000 };
  const sizes = { '1k sessions': 1_000, '100k sessions': 100_000 };
  return large ? { ...sizes, '1M sessions': 1_000_000 } : sizes;
}

/** By how much a look-up takes longer because there are more sessions. */
export const scaling = { '100k sessions': '1k sessions', '1M sessions': '1k sessions' };

/** Which of `count` sessions are asked for: evenly spread, in an order that no cache can foresee. */
export function sampleOf(count) {
  const size = Math.min(count, SAMPLE);
  const chosen = Array.from({ length: size }, (_, index) => Math.floor((index * count) / size));
  for (let last = size - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1));
    [chosen[last], chosen[other]] = [chosen[other], chosen[last]];
  }
  return chosen;
}

/** Looks up one session after the other, all of them in turn. */
export async function lookUps(milliseconds, secrets, find) {
  const first = await find(secrets[0]);
  if (typeof first?.user !== 'string') throw new Error('A session was to be found by its secret.');
  if ((await find('0'.repeat(64))) !== undefined) throw new Error('Nothing was to be found by an unknown secret.');
  // One after the other in memory, as they are asked for. A server has the secret of a request at hand, too.
  const asked = secrets.map((secret) => Buffer.from(secret).toString());
  let next = 0;
  return () =>
    timed(milliseconds, async () => {
      for (let done = 0; done < SEQUENCE; done++) {
        await find(asked[next]);
        next = (next + 1) % asked.length;
      }
      return SEQUENCE;
    });
}
