const MAX_NAME = 300;

/** A name from outside, so long that anybody still knows it, and no longer. */
export function shortened(name: string): string {
  return name.length > MAX_NAME ? `${name.slice(0, MAX_NAME)}…` : name;
}
