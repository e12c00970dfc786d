import { ConfigurationError } from '../../model/errors.js';

/** @returns a sentence if `value` is given and no whole number from `least` to `most`, else an empty one */
export function whole(option: string, value: number | undefined, least: number, most = 2 ** 31 - 1): string {
  const isFit = value === undefined || (Number.isInteger(value) && value >= least && value <= most);
  return isFit ? '' : `${option} is a whole number from ${least} to ${most}, and not ${value}.`;
}

/** Whether `value` has a method of that name. */
export function isFunction(value: object, method: string): boolean {
  return typeof (value as Record<string, unknown> | null | undefined)?.[method] === 'function';
}

/** @throws ConfigurationError with every sentence that is not empty */
export function rejectProblems(what: string, sentences: readonly string[]): void {
  const problems = sentences.filter((sentence) => sentence !== '');
  if (problems.length > 0) throw new ConfigurationError(`${what} cannot work: ${problems.join(' ')}`, { problems });
}
