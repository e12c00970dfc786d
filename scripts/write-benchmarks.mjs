/* Writes docs/benchmarks.md from the runs in bench/results/, which `npm run bench -- --json FILE` wrote. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { resultTable } from '../bench/harness/table.mjs';

const RESULTS = new URL('../bench/results/', import.meta.url);
export const PAGE = fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url));

/** Every run that is kept, the oldest Node first. */
export function readRuns() {
  const runs = readdirSync(RESULTS).map((name) => JSON.parse(readFileSync(new URL(name, RESULTS), 'utf8')));
  return runs.sort((one, other) => majorOf(one) - majorOf(other));
}

/** The page, as Markdown. */
export function benchmarkPage(runs) {
  return `# Benchmarks

What it costs that an init is a state machine, and what each adapter costs beside the bare client of its backend. Every row compares two ways of doing the same work,
measured one right after the other in one run; read the ratios, since the figures beside them belong to one machine on one day. [bench/README.md](../bench/README.md)
says what each case measures and against what, how it is measured, and how to run it: \`npm run bench\`.

This page is generated: \`npm run bench -- --json bench/results/node-20.json\`, then \`npm run generate\`.
${runs.map(section).join('')}`;
}

function section(run) {
  const { machine, effort } = run;
  const loads = run.cases.flatMap(({ load }) => [load.before, load.after]);
  const [least, most] = [Math.min(...loads), Math.max(...loads)].map((load) => load.toFixed(1));
  return `
## Node ${machine.node}

${run.date.slice(0, 10)}, ${machine.platform}, ${machine.processor}, ${machine.cores} cores, load ${least} to ${most}; ${effort.rounds} rounds of ${effort.milliseconds} ms for each
workload. The ratio is the median of all rounds, and half of the rounds lie within the middle half.
${run.cases.map((one) => `\n### \`${one.name}\`: ${one.title}\n\n${resultTable({ cases: [one] })}`).join('')}`;
}

function majorOf({ machine }) {
  return Number(/\d+/.exec(machine.node)[0]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(PAGE, benchmarkPage(readRuns()));
