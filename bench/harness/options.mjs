import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const USAGE = `Usage: npm run bench -- [options]

  --only NAME      only this case; may be given more than once
  --rounds N       rounds that count (25)
  --quick          few short rounds and no large workload: shows that the bench works, not how fast anything is
  --large          also what takes minutes: a million sessions
  --json FILE      write every figure of every round to FILE
  --compare FILE   show what changed against a file that --json wrote
  --help

Cases:
`;

/** What makes the command wrong. The message is for whoever typed it. */
export class UsageError extends Error {}

/**
 * Reads the command line.
 *
 * @param {readonly string[]} args
 * @param {Record<string, { title: string }>} cases - every case by its name
 * @returns the options, or `help`: the text that was asked for
 * @throws UsageError
 */
export function readOptions(args, cases) {
  const { values } = parse(args);
  if (values.help) return { help: USAGE + Object.entries(cases).map(caseLine).join('') };
  for (const name of values.only ?? []) {
    if (!Object.hasOwn(cases, name)) {
      throw new UsageError(`There is no case '${name}'. There are: ${Object.keys(cases).join(', ')}.`);
    }
  }
  const rounds = Number(values.rounds ?? (values.quick ? 3 : 25));
  if (!(Number.isInteger(rounds) && rounds > 0)) throw new UsageError('--rounds must be a positive whole number.');
  return {
    names: values.only ?? Object.keys(cases),
    json: values.json,
    previous: values.compare && readRun(values.compare),
    effort: {
      rounds,
      quick: values.quick ?? false,
      large: values.large ?? false,
      warmUps: values.quick ? 1 : 15,
      milliseconds: values.quick ? 40 : 100,
    },
  };
}

function parse(args) {
  try {
    return parseArgs({
      args,
      options: {
        only: { type: 'string', multiple: true },
        rounds: { type: 'string' },
        quick: { type: 'boolean' },
        large: { type: 'boolean' },
        json: { type: 'string' },
        compare: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new UsageError(`${error.message}\nSee npm run bench -- --help`);
  }
}

function readRun(file) {
  try {
    const run = JSON.parse(readFileSync(file, 'utf8'));
    if (!Array.isArray(run.cases)) throw new Error('it has no cases');
    return run;
  } catch (error) {
    throw new UsageError(`${file} is no file that --json wrote: ${error.message}`);
  }
}

function caseLine([name, { title }]) {
  return `  ${name.padEnd(15)}${title}\n`;
}
