import { ConfigurationError } from '../../index.js';

/** Errors that say where in the configuration the problem is: what is made of several is not to say it once more. */
const PLACED = new WeakSet<object>();

/** The same error; a `ConfigurationError` says for each of its problems where in the configuration it is. */
export function placed(error: unknown, place: string): unknown {
  if (!(error instanceof ConfigurationError) || PLACED.has(error)) return error;
  const problems = error.problems.map((problem) => `${place}: ${problem}`);
  const itself = new ConfigurationError(problems.join(' '), { problems, cause: error });
  PLACED.add(itself);
  return itself;
}
