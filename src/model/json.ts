/** An object that came as JSON: neither null nor an array. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An own property of `object`. What its prototype says is nothing that a peer has sent. */
export function own(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** The JSON type of `value`, with its article, for a message. It never shows the value. */
export function describeType(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'number') return describeNumber(value);
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function describeNumber(value: number): string {
  if (Number.isSafeInteger(value)) return 'an integer';
  return Number.isInteger(value) ? 'an integer beyond 2^53 - 1' : 'a number';
}
