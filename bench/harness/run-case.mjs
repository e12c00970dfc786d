import { load } from './machine.mjs';
import { summarize } from './statistics.mjs';
import { startSubject } from './subject-process.mjs';

/**
 * Runs one case: every variant in a process of its own, and one measurement at a time. In each round every workload is
 * measured once with each variant, one right after the other; every other round goes the other way round. So the noise
 * of the machine hits all variants alike, and a ratio is taken from neighbours.
 *
 * @param {string} name
 * @param {object} definition - what the module of the case exports
 * @param {object} effort - how many rounds, and of which length
 * @param {(text: string) => void} show - told how far it is
 */
export async function runCase(name, definition, effort, show) {
  const loadBefore = load();
  const { rounds, warmUps } = { ...effort, ...definition.fewerRounds?.(effort) };
  const subjects = [];
  try {
    for (const variant of definition.variants) {
      show(`${name}: preparing ${variant}`);
      subjects.push(await startSubject(name, variant, definition.execArgv ?? [], effort));
    }
    const { workloads } = subjects[0];
    const measurements = workloads.flatMap((workload) =>
      subjects.map((subject) => ({ workload, variant: subject.variant, subject, values: [] })),
    );
    for (let round = -warmUps; round < rounds; round++) {
      show(`${name}: ${round < 0 ? 'warming up' : `round ${round + 1} of ${rounds}`}`);
      for (const { subject, workload, values } of round % 2 === 0 ? measurements : measurements.toReversed()) {
        const value = await subject.measure(workload);
        if (round >= 0) values.push(value);
      }
    }
    return {
      name,
      load: { before: loadBefore, after: load() },
      comparisons: comparisonsOf(definition, measurements),
      measurements: measurements.map(({ workload, variant, values }) => ({
        workload,
        variant,
        unit: definition.units?.[workload] ?? definition.unit,
        ...summarize(values),
        values,
      })),
    };
  } finally {
    await Promise.all(subjects.map((subject) => subject.close()));
  }
}

/** Each variant against the first one, with the same workload; then workloads against each other, as the case asks. */
function comparisonsOf({ variants, figuresOnly = [], scaling = {} }, measurements) {
  const [baseline, ...others] = variants;
  const find = (variant, workload) => measurements.find((one) => one.variant === variant && one.workload === workload);
  const workloads = new Set(measurements.map(({ workload }) => workload));
  const comparisons = [];
  for (const workload of workloads) {
    if (figuresOnly.includes(workload)) continue;
    for (const variant of others) comparisons.push([find(variant, workload), find(baseline, workload)]);
  }
  for (const [workload, smaller] of Object.entries(scaling)) {
    if (!workloads.has(workload)) continue;
    for (const variant of variants) comparisons.push([find(variant, workload), find(variant, smaller)]);
  }
  return comparisons.map(([one, other]) => ({
    of: { variant: one.variant, workload: one.workload },
    against: { variant: other.variant, workload: other.workload },
    ...summarize(one.values.map((value, round) => value / other.values[round])),
  }));
}
