/** With more of them it is another word. */
const MOST_SLIPS = 3;

/** The name that was most likely meant by one that nobody knows: a slip of the fingers, or letters of the wrong case. */
export function findAlike(name: string, known: readonly string[]): string | undefined {
  const nearest = known
    .map((candidate) => ({ candidate, slips: slipsBetween(name.toLowerCase(), candidate.toLowerCase()) }))
    .toSorted((one, other) => one.slips - other.slips)[0];
  if (nearest === undefined) return undefined;
  const { candidate, slips } = nearest;
  return slips <= Math.min(candidate.length / 2, MOST_SLIPS) ? candidate : undefined;
}

/** Letters left out, put in, or taken for another, or swapped with their neighbour (optimal string alignment). */
function slipsBetween(one: string, other: string): number {
  // What comes from outside may be of any length.
  if (Math.abs(one.length - other.length) > other.length) return Number.POSITIVE_INFINITY;
  let beforeLast: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let row = 1; row <= one.length; row++) {
    const current = [row];
    for (let column = 1; column <= other.length; column++) {
      const isSame = one[row - 1] === other[column - 1];
      const isSwapped =
        row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      current[column] = Math.min(
        (last[column] as number) + 1,
        (current[column - 1] as number) + 1,
        (last[column - 1] as number) + (isSame ? 0 : 1),
        isSwapped ? (beforeLast[column - 2] as number) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    [beforeLast, last] = [last, current];
  }
  return last[other.length] as number;
}
