/** Every text in `value`: keys and values, hidden ones too, as deep as it goes. What is private stays private. */
export function textOf(value: unknown): string {
  const texts: string[] = [];
  collect(value, texts, new Set());
  return texts.join('\n');
}

function collect(value: unknown, texts: string[], seen: Set<object>): void {
  if (typeof value === 'string') texts.push(value);
  if (typeof value !== 'object' || value === null || seen.has(value)) return;
  seen.add(value);
  for (const key of Reflect.ownKeys(value)) {
    texts.push(String(key));
    collect(Reflect.get(value, key), texts, seen);
  }
}
