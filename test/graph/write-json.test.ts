import { expect, test } from '@jest/globals';
import { describeOwnMachine, OWN_MACHINES } from '../../src/graph/own-machines.js';
import { writeJson } from '../../src/graph/write-json.js';

test.each(OWN_MACHINES)('%s: is the description, on lines', (name) => {
  const text = writeJson(describeOwnMachine(name));
  expect(JSON.parse(text)).toEqual(describeOwnMachine(name));
  expect(text).toMatch(/^\{\n.*\n\}\n$/s);
});
