const SURROGATE_PAIR = /[\ud800-\udbff][\udc00-\udfff]/g;

/**
 * Whether `text` has `min` to `max` characters as JSON Schema counts them, in code points. What is certainly too long
 * is not scanned.
 */
export function hasLength(text: string, min: number, max: number): boolean {
  if (text.length < min || text.length > max * 2) return false;
  const length = text.length - (text.match(SURROGATE_PAIR)?.length ?? 0);
  return length >= min && length <= max;
}
