/** Puts values for the placeholders of a filter, `{username}` and `{dn}`, so that each is one value whatever it holds (RFC 4515). */
export function fillFilter(filter: string, values: { readonly username?: string; readonly dn?: string }): string {
  return filter.replace(/\{(username|dn)\}/g, (_, placeholder: 'username' | 'dn') =>
    (values[placeholder] ?? '').replace(/[*()\\\0]/g, escaped),
  );
}

function escaped(character: string): string {
  return `\\${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

/** Whether a text is one filter as far as its parentheses go. */
export function isFilter(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '(') depth++;
    else if (text[at] === ')') depth--;
    if (depth <= 0 && at < text.length - 1) return false;
  }
  return depth === 0 && text.length > 2;
}
