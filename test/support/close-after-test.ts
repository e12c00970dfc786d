import { afterEach } from '@jest/globals';

type Part = { close?(): Promise<unknown> } | { stop(): Promise<unknown> };

const parts: Part[] = [];

afterEach(async () => {
  for (const part of parts.splice(0).reverse()) await ('stop' in part ? part.stop() : part.close?.());
});

/** Has something closed or stopped when the test is over: what came last goes first. To be called in a test. */
export function closeAfterTest<It extends Part>(part: It): It {
  parts.push(part);
  return part;
}
