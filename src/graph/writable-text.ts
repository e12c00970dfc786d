/** What XML 1.0 has no way to write: control characters, halves of surrogate pairs, and two more. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
const UNWRITABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu;

/** Text with U+FFFD in place of what no program that draws it can be relied on to read. */
export function writable(text: string): string {
  return text.replace(UNWRITABLE, '\ufffd');
}
