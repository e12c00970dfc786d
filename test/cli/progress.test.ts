import { expect, test } from '@jest/globals';
import { progress, thousands } from '../../src/cli/progress.js';
import { simulatedClock } from '../../src/testing/index.js';

/** A stream that notes what is written. */
function stream(isTTY: boolean) {
  const written: string[] = [];
  return { written, stream: { isTTY, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream };
}

test('one line is shown on a terminal, not more often than anybody could read it, and wiped away', () => {
  const terminal = stream(true);
  const clock = simulatedClock();
  const line = progress(terminal.stream, clock);
  for (let count = 1; count <= 25; count++) {
    line.show(`${count}`);
    clock.increment(10);
  }
  line.clear();
  line.clear();
  expect(terminal.written).toEqual(['\r\u001b[K1', '\r\u001b[K11', '\r\u001b[K21', '\r\u001b[K']);
});

test('nothing is shown where there is no terminal', () => {
  const file = stream(false);
  const line = progress(file.stream);
  line.show('1');
  line.clear();
  expect(file.written).toEqual([]);
});

test('large numbers can be read', () => {
  expect([0, 999, 1_000, 1_234_567].map(thousands)).toEqual(['0', '999', '1,000', '1,234,567']);
});
