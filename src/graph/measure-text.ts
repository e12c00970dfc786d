/** Widths of characters in sizes of the font, rather too wide than too narrow: those of DejaVu Sans, the widest usual font. */
const WIDTHS: readonly (readonly [characters: string, width: number])[] = [
  ["ijl'|", 0.29],
  ['It.,:;!/\\[]()f "', 0.37],
  ['rs-{}*J', 0.45],
  ['mM@%W', 1],
  ['wGOQDHNU&+<>=~#', 0.82],
];

const USUAL = 0.64;
/** How much wider bold type is. */
const BOLD = 1.14;
/** Of what is outside Latin scripts: Chinese characters and symbols fill a square. */
const WIDEST = 1.05;

const known = new Map(WIDTHS.flatMap(([characters, width]) => [...characters].map((it) => [it, width] as const)));

/** About how wide a line of text is, in pixels, in whatever sans-serif font it will be shown. */
export function textWidth(text: string, fontSize: number, isBold = false): number {
  let width = 0;
  for (const character of text) {
    width += known.get(character) ?? ((character.codePointAt(0) as number) < 0x250 ? USUAL : WIDEST);
  }
  return Math.ceil(width * fontSize * (isBold ? BOLD : 1));
}
