const UNITS = {
  us: { better: 'lower', show: (value) => `${digits(value)} us (${short(1e6 / value)}/s)` },
  bytes: { better: 'lower', show: (value) => `${short(value)}B` },
  'per second': { better: 'higher', show: (value) => `${short(value)}/s` },
};

/** The whole run as a Markdown table. The ratios come first: only they mean something on another machine. */
export function resultTable(run) {
  const rows = run.cases.flatMap((one) => [
    ...one.comparisons.map((comparison) => comparisonRow(one, comparison)),
    ...uncompared(one).map((measurement) => figureRow(one, measurement)),
  ]);
  return table(['case', 'ratio', 'middle half', 'better', 'of', 'figures'], rows);
}

/** What changed in the ratios since another run. */
export function changeTable(previous, run) {
  const rows = run.cases.flatMap((one) => {
    const before = previous.cases.find(({ name }) => name === one.name)?.comparisons ?? [];
    return one.comparisons.flatMap((now) => {
      const then = before.find((other) => title(other) === title(now));
      return then === undefined ? [] : [changeRow(one, then, now)];
    });
  });
  return table(['case', 'of', 'then', 'now', 'change'], rows);
}

function comparisonRow(one, comparison) {
  const { median, low, high } = comparison;
  const [of, against] = [comparison.of, comparison.against].map((key) => measurementOf(one, key));
  const { better, show } = UNITS[of.unit];
  const figures = `${show(of.median)} / ${show(against.median)}`;
  return [one.name, times(median), `${times(low)} to ${times(high)}`, better, title(comparison), figures];
}

function figureRow(one, { variant, workload, unit, median, low, high }) {
  const { better, show } = UNITS[unit];
  const figures = `${show(median)}, middle half ${show(low)} to ${show(high)}`;
  return [one.name, '', '', better, `${workload}: ${variant}`, figures];
}

function changeRow(one, then, now) {
  const change = `${((now.median / then.median - 1) * 100).toFixed(0)} %`;
  const isApart = now.low > then.high || now.high < then.low;
  return [
    one.name,
    title(now),
    times(then.median),
    times(now.median),
    isApart ? change : `${change}, within the spread`,
  ];
}

function uncompared({ measurements, comparisons }) {
  const compared = comparisons.flatMap(({ of, against }) => [of, against]);
  return measurements.filter((one) => !compared.some((key) => isSame(key, one)));
}

function measurementOf({ measurements }, key) {
  return measurements.find((one) => isSame(one, key));
}

function isSame(one, other) {
  return one.variant === other.variant && one.workload === other.workload;
}

function title({ of, against }) {
  return of.variant === against.variant
    ? `${of.variant}: ${of.workload} / ${against.workload}`
    : `${of.workload}: ${of.variant} / ${against.variant}`;
}

function times(value) {
  return `${digits(value)}x`;
}

function digits(value) {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}

function short(value) {
  if (Math.abs(value) < 1e3) return `${value.toFixed(0)} `;
  return Math.abs(value) < 1e6 ? `${digits(value / 1e3)} k` : `${digits(value / 1e6)} M`;
}

function table(head, rows) {
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column].length)));
  const line = (cells) => `| ${cells.map((text, column) => text.padEnd(widths[column])).join(' | ')} |\n`;
  return line(head) + line(widths.map((width) => '-'.repeat(width))) + rows.map(line).join('');
}
