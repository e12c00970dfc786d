#!/usr/bin/env node
import { isSupported, MINIMUM_NODE, quietSqliteWarning } from './node-runtime.js';

// Nothing else is imported before it is known that this Node can load it.
if (isSupported(process.versions.node)) {
  quietSqliteWarning();
  const { runProgram } = await import('./program.js');
  await runProgram(process.argv);
} else {
  console.error(`session-init needs Node ${MINIMUM_NODE} or newer, and this is ${process.versions.node}.`);
  process.exitCode = 2;
}
