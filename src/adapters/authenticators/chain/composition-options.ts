import type { Clock } from '../../../model/clock.js';
import { unknownOptions } from '../../../model/known-options.js';

/** What every composition of authenticators can be told. */
export interface CompositionOptions {
  /** How the log calls it; before the users of a nested one, too. @defaultValue `'chain'`, `'first-of'` or `'all-of'` */
  name?: string;
  /** Measures how long each link takes. @defaultValue the system's clock */
  clock?: Clock;
}

/** How the users of several backends are kept apart. */
export interface IdentityOptions {
  /**
   * - `qualified`: a session is for `corp:alice`, the user `alice` of the link `corp`. Two backends may have an `alice` each.
   * - `merged`: a session is for `alice`, whichever backend knows her. Only if the same name means the same person in all.
   *
   * @defaultValue `'qualified'`
   */
  identities?: 'qualified' | 'merged';
}

const COMMON = ['name', 'clock'];

/** @returns a sentence for each option that cannot work */
export function optionProblems(
  what: string,
  options: CompositionOptions & IdentityOptions,
  own: readonly string[],
): string[] {
  const { name, identities } = options;
  return [
    ...unknownOptions(what, options, [...COMMON, ...own]),
    ...(name === undefined || (typeof name === 'string' && /\S/.test(name)) ? [] : [`${what}: name is empty.`]),
    ...(identities === undefined || identities === 'qualified' || identities === 'merged'
      ? []
      : [`${what}: identities is qualified or merged.`]),
  ];
}
