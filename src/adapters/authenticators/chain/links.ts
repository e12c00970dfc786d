import { ConfigurationError } from '../../../model/errors.js';
import { unknownOptions } from '../../../model/known-options.js';
import type { Authenticator } from '../../ports.js';

/** One authenticator of a chain, and what happens after each of its answers. */
export interface ChainLink {
  authenticator: Authenticator;
  /**
   * How the chain calls it: in the path, and before the names of its users. Without a colon, and of no other link.
   *
   * @defaultValue the authenticator's own name
   */
  name?: string | undefined;
  /**
   * - `accept`: the chain stops with yes.
   * - `continue`: the yes counts, and the next link is asked, by the user name that the chain has found.
   * - `reject`: the chain stops with no: whoever proves to be in here is excluded.
   *
   * @defaultValue `'accept'`
   */
  onSuccess?: 'accept' | 'continue' | 'reject' | undefined;
  /**
   * After any denial but that of an unknown user: a wrong secret, a locked account, or a no without a cause.
   *
   * - `reject`: the chain stops with no.
   * - `continue`: the next link is asked. It gets a secret that was wrong here.
   *
   * @defaultValue `'reject'`
   */
  onDenied?: 'reject' | 'continue' | undefined;
  /**
   * - `continue`: the next link is asked.
   * - `reject`: the chain stops with no.
   * - `accept`: the chain stops, as if this link were not there: with yes if an earlier one said yes. So a factor is asked
   *   only of those who have it.
   *
   * @defaultValue `'continue'`
   */
  onUnknownUser?: 'continue' | 'reject' | 'accept' | undefined;
  /**
   * After an error, an overload included.
   *
   * - `fail`: the chain stops with the error.
   * - `continue`: the next link is asked. If in the end there is no yes, the chain ends with the error all the same.
   *
   * @defaultValue `'fail'`
   */
  onFault?: 'fail' | 'continue' | undefined;
}

/** A link with every default in place. */
export type ResolvedLink = { readonly [Name in keyof ChainLink]-?: NonNullable<ChainLink[Name]> };

const CHOICES = {
  onSuccess: ['accept', 'continue', 'reject'],
  onDenied: ['reject', 'continue'],
  onUnknownUser: ['continue', 'reject', 'accept'],
  onFault: ['fail', 'continue'],
} as const;

/**
 * Puts the defaults in.
 *
 * @param what - the name of the function, for the error message
 * @param earlier - problems that were found before, to be told together with those of the links
 * @throws ConfigurationError with every problem
 */
export function resolveLinks(
  what: string,
  links: readonly ChainLink[],
  earlier: readonly string[],
): readonly ResolvedLink[] {
  const given: readonly ChainLink[] = Array.isArray(links) ? links : [];
  const resolved = given.map(resolve);
  const problems = [
    ...earlier,
    ...(given.length > 0 ? [] : [`${what} needs a list of one authenticator at least.`]),
    ...given.flatMap((link, index) => problemsOf(`${what}: link ${index + 1}`, link)),
    ...(beginsWithSecondFactor(resolved)
      ? [`${what}: link 1, ${resolved[0]?.name}, is a second factor. Put what finds the user before it.`]
      : []),
    ...duplicates(resolved.map(({ name }) => name)).map(
      (name) => `${what}: several links are named ${JSON.stringify(name)}. Give each authenticator a name of its own.`,
    ),
  ];
  if (problems.length > 0) throw new ConfigurationError(problems.join(' '), { problems });
  return resolved;
}

function resolve(link: ChainLink): ResolvedLink {
  return {
    authenticator: link?.authenticator,
    name: link?.name ?? link?.authenticator?.name,
    onSuccess: link?.onSuccess ?? CHOICES.onSuccess[0],
    onDenied: link?.onDenied ?? CHOICES.onDenied[0],
    onUnknownUser: link?.onUnknownUser ?? CHOICES.onUnknownUser[0],
    onFault: link?.onFault ?? CHOICES.onFault[0],
  };
}

function problemsOf(place: string, link: ChainLink): string[] {
  const { authenticator, name, ...choices } = resolve(link);
  if (typeof authenticator?.authenticate !== 'function') return [`${place} has no authenticator.`];
  const wrong = Object.entries(CHOICES)
    .filter(([option, known]) => !(known as readonly string[]).includes(choices[option as keyof typeof CHOICES]))
    .map(([option, known]) => `${place}: ${option} is ${known.join(' or ')}.`);
  const unnamed = typeof name !== 'string' || name.trim() === '' || name.includes(':') || !name.isWellFormed();
  return [
    ...unknownOptions(place, link, ['authenticator', 'name', ...Object.keys(CHOICES)]),
    ...wrong,
    ...(unnamed ? [`${place} needs a name without a colon, and has ${JSON.stringify(name)}.`] : []),
  ];
}

/** Unless all are, and the whole is a second factor of something else. */
function beginsWithSecondFactor(links: readonly ResolvedLink[]): boolean {
  const [first, ...others] = links.map(({ authenticator }) => authenticator?.isSecondFactor === true);
  return first === true && others.includes(false);
}

function duplicates(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}
