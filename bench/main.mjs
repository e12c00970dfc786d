import { writeFileSync } from 'node:fs';
import { cases } from './cases.mjs';
import { describeMachine, load } from './harness/machine.mjs';
import { readOptions, UsageError } from './harness/options.mjs';
import { createProgress } from './harness/progress.mjs';
import { runCase } from './harness/run-case.mjs';
import { changeTable, resultTable } from './harness/table.mjs';

async function main() {
  const options = readOptions(process.argv.slice(2), cases);
  if (options.help) return void process.stdout.write(options.help);
  const progress = createProgress(process.stderr);
  const machine = describeMachine();
  const run = { date: new Date().toISOString(), machine, effort: options.effort, cases: [] };
  progress.done(`Node ${machine.node}, ${machine.cores} cores, load ${load().toFixed(2)}, ${machine.processor}`);

  for (const name of options.names) {
    try {
      const result = await runCase(name, await cases[name].load(), options.effort, progress.show);
      run.cases.push({ title: cases[name].title, ...result });
      progress.done(
        `${name}: done, load ${result.load.before.toFixed(2)} before and ${result.load.after.toFixed(2)} after`,
      );
    } catch (error) {
      progress.done(`${name}: ${error.message}`);
      process.exitCode = 1;
    }
  }

  process.stdout.write(`\n${resultTable(run)}`);
  if (options.previous) process.stdout.write(`\n${changeTable(options.previous, run)}`);
  if (options.json) writeFileSync(options.json, `${JSON.stringify(run, null, 2)}\n`);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
