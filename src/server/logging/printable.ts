/** Control, format (bidi marks among them) and separator characters, and lone surrogates. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * Makes text from outside fit for a log: no character is left in it that ends a line, moves the cursor, changes the
 * order of what is read, or cannot be seen. Each stands as `\u{1b}` instead (ASVS 16.4.1).
 *
 * @param maxLength - characters of the original; what is beyond is cut off, and `…` says so
 */
export function printable(text: string, maxLength: number): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
  return cut.replace(UNPRINTABLE, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
