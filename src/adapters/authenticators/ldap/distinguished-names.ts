/** Writes a value for a distinguished name, so that it is one value whatever it holds (RFC 4514). */
export function escapeDnValue(value: string): string {
  // By code rather than by a backslash: that also holds for NUL and for a space at either end.
  return value.replace(
    /["+,;<=>\\\0]|^[ #]| $/g,
    (special) => `\\${special.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

/** Whether a text reads as a distinguished name of at least one part. */
export function isDn(text: string): boolean {
  const parts = partsOf(text);
  return parts.length > 0 && parts.join(',') === text && parts.every((part) => /^ *[\w.-]+ *= *[^ ]/.test(part));
}

/** Whether an entry is somewhere below another. */
export function isBelow(dn: string, base: string): boolean {
  const [parts, above] = [partsOf(dn).map(comparable), partsOf(base).map(comparable)];
  return parts.length > above.length && above.every((part, index) => part === parts.at(index - above.length));
}

/** The value of an entry's own name, the first part of its DN, if it is of that attribute and of that alone. */
export function ownNameOf(dn: string, attribute: string): string | undefined {
  const [, type, value] = NAME.exec(partsOf(dn)[0] ?? '') ?? [];
  return type?.toLowerCase() === attribute.toLowerCase() && value !== undefined ? unescapeValue(value) : undefined;
}

/** An attribute and its one value; not one in quotes or in hex, nor several values. Only spaces are space here. */
const NAME = /^ *([\w.-]+) *= *((?:\\.|[^\\"+# ])(?:\\.|[^\\"+])*?) *$/s;

function partsOf(dn: string): readonly string[] {
  return dn.match(/(?:\\.|[^\\,])+/gs) ?? [];
}

function comparable(part: string): string {
  return part
    .replace(/^ +| +$/g, '')
    .replace(/ *= */, '=')
    .toLowerCase();
}

function unescapeValue(value: string): string {
  return value.replace(/((?:\\[\da-f]{2})+)|\\(.)/gis, (_, codes: string | undefined, character: string) =>
    codes === undefined ? character : Buffer.from(codes.replaceAll('\\', ''), 'hex').toString(),
  );
}
