/**
 * What is misspelt in an options object. A type checker finds it, too; in plain JavaScript a limit that nobody set would
 * otherwise be missing without a word.
 *
 * @returns a sentence for each option that is not known
 */
export function unknownOptions(what: string, options: object, known: readonly string[]): string[] {
  return Object.keys(options)
    .filter((option) => !known.includes(option))
    .map((option) => {
      const alike = known.find((name) => name.toLowerCase() === option.toLowerCase());
      const remedy = alike === undefined ? `There are: ${known.join(', ')}.` : `Is ${alike} meant?`;
      return `${what} has no option ${option}. ${remedy}`;
    });
}
