// Looks for a schedule on which a promise breaks: `npm run explore -- --runs 1000000`. See docs/exploration.md.
import { randomInt } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { ConfigurationError } from '../dist/index.js';
import { piecesOf, shareOut } from './explore/share-out.mjs';

const USAGE = `npm run explore -- [options]

  --runs N               how many random schedules (10000)
  --seed N               where they begin (a random number, which is printed)
  --workers N            how many processes (one for each core); the result does not depend on it
  --engine NAME          compiled or actor (compiled)
  --exhaustive           all schedules within the bounds, in place of random ones:
  --inits N              inits in each (2)
  --deviations N         steps off the straight way to a session (2)
  --turns N              moments of a step, in turns of the microtask queue (0)
  --replay 'SCRIPT'      one schedule, as it was printed
  --json                 the result as one line of JSON
`;

const options = {
  runs: { type: 'string' },
  seed: { type: 'string' },
  workers: { type: 'string' },
  engine: { type: 'string', default: 'compiled' },
  exhaustive: { type: 'boolean', default: false },
  inits: { type: 'string' },
  deviations: { type: 'string' },
  turns: { type: 'string' },
  replay: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
};

process.exitCode = await main().catch((error) => {
  if (!(error instanceof ConfigurationError || error.code?.startsWith('ERR_PARSE_ARGS'))) throw error;
  process.stderr.write(`${error.message}\n`);
  return 2;
});

async function main() {
  const { values } = parseArgs({ options });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (!['compiled', 'actor'].includes(values.engine)) {
    throw new ConfigurationError(`--engine is compiled or actor, and not '${values.engine}'.`);
  }
  const bounds = {
    inits: number('inits', values),
    deviations: number('deviations', values),
    turns: number('turns', values),
  };
  const seed = number('seed', values) ?? randomInt(2 ** 31);
  const runs = number('runs', values) ?? 10_000;
  const pieces = piecesOf({
    runs,
    seed,
    engine: values.engine,
    ...(values.replay !== undefined && { replay: values.replay }),
    ...(values.exhaustive && { exhaustive: given(bounds) }),
  });
  const workers = number('workers', values) ?? availableParallelism();
  if (workers === 0) throw new ConfigurationError('--workers is 1 or more.');
  const startedAt = performance.now();
  const isRandom = !values.exhaustive && values.replay === undefined;
  const progress = progressLine(isRandom ? runs : undefined, startedAt);
  const exploration = { seed, ...(await shareOut(pieces, workers, progress.add)) };
  progress.clear();
  const seconds = (performance.now() - startedAt) / 1000;
  process.stdout.write(values.json ? `${JSON.stringify({ ...exploration, seconds })}\n` : report(exploration, seconds));
  return exploration.broken === undefined ? 0 : 1;
}

/** @throws ConfigurationError if it is no whole number */
function number(name, values) {
  const value = values[name];
  if (value === undefined) return undefined;
  if (/^\d{1,15}$/.test(value)) return Number(value);
  throw new ConfigurationError(`--${name} is a whole number, and not '${value}'.`);
}

function given(bounds) {
  return Object.fromEntries(Object.entries(bounds).filter(([, value]) => value !== undefined));
}

function progressLine(runs, startedAt) {
  let done = 0;
  let shownAt = startedAt;
  return {
    add(more) {
      done += more;
      const now = performance.now();
      if (!process.stderr.isTTY || now - shownAt < 200) return;
      shownAt = now;
      const rate = Math.round((1000 * done) / (now - startedAt));
      const part = runs === undefined ? '' : ` of ${runs} (${Math.floor((100 * done) / runs)} %)`;
      process.stderr.write(`\r\x1b[K${done}${part} schedules, ${rate} a second`);
    },
    clear() {
      if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
    },
  };
}

function report({ runs, seed, states, broken }, seconds) {
  const rate = Math.round(runs / seconds);
  const lines = [`${runs} schedules in ${seconds.toFixed(1)} s, ${rate} a second, seed ${seed}`];
  for (const [state, count] of Object.entries(states).sort(([, left], [, right]) => right - left)) {
    lines.push(`${String(count).padStart(10)} ${state}`);
  }
  if (broken === undefined) lines.push('Every promise held.');
  else {
    lines.push(
      '',
      `${broken.promise} is broken: ${broken.says}.`,
      '',
      ...broken.script.map((sentence) => `  ${sentence}`),
    );
    lines.push('', 'To repeat it:', `  npm run explore -- --replay '${broken.replay}'`);
  }
  return `${lines.join('\n')}\n`;
}
