import { ConfigurationError } from '../model/errors.js';

/** How long an init and each of its phases may take, in milliseconds. */
export interface Deadlines {
  /** The whole init, the wait for its turn included. @defaultValue 10_000 */
  request: number;
  /** The wait for a turn: longer than this is an overload. @defaultValue 5_000 */
  admission: number;
  /** @defaultValue 5_000 */
  authentication: number;
  /** @defaultValue 5_000 */
  authorization: number;
  /** Creation of the session. @defaultValue 5_000 */
  session: number;
}

/** 10 seconds for a whole init, 5 seconds for each of its phases. */
export const DEFAULT_DEADLINES: Readonly<Deadlines> = {
  request: 10_000,
  admission: 5_000,
  authentication: 5_000,
  authorization: 5_000,
  session: 5_000,
};

/** The longest delay that a timer takes; beyond it Node fires at once. */
const MAX_DELAY = 2 ** 31 - 1;

/**
 * The deadlines of an orchestrator: the defaults, with what is given in their place.
 *
 * @throws ConfigurationError if one is not a positive integer of at most 2^31 - 1
 */
export function resolveDeadlines(given: Partial<Deadlines> = {}): Readonly<Deadlines> {
  const deadlines = { ...DEFAULT_DEADLINES };
  const problems: string[] = [];
  for (const [name, value] of Object.entries(given)) {
    if (!(name in deadlines))
      problems.push(`deadlines.${name} is not known. There are: ${Object.keys(deadlines).join(', ')}.`);
    else if (!Number.isInteger(value) || value < 1 || value > MAX_DELAY) {
      problems.push(
        `deadlines.${name} must be a whole number of milliseconds from 1 to ${MAX_DELAY}, and is ${value}.`,
      );
    } else deadlines[name as keyof Deadlines] = value;
  }
  if (problems.length > 0) throw new ConfigurationError(problems.join(' '), { problems });
  return deadlines;
}

/**
 * The deadlines of one init: a request can shorten those of its orchestrator, never lengthen them. What is no number is
 * passed over, for an init has its one answer whatever it was asked.
 */
export function shortenDeadlines(limits: Readonly<Deadlines>, given?: Partial<Deadlines>): Readonly<Deadlines> {
  const shortest = (name: keyof Deadlines): number => {
    const asked = given?.[name];
    return typeof asked === 'number' && asked < limits[name] ? Math.max(0, asked) : limits[name];
  };
  return {
    request: shortest('request'),
    admission: shortest('admission'),
    authentication: shortest('authentication'),
    authorization: shortest('authorization'),
    session: shortest('session'),
  };
}
