import type { CedarValueJson } from '@cedar-policy/cedar-wasm/nodejs';
import { BackendFaultError } from '../../../model/errors.js';
import { describeType, isJsonObject } from '../../../model/json.js';

/** What Cedar's JSON reads as something else than a record: a claim could pass itself off as an entity by it. */
const RESERVED = ['__entity', '__extn', '__expr'];
/** Cedar's own JSON reader gives up at 128, with what stands around the claims. */
const MAX_DEPTH = 64;

/**
 * Claims as Cedar takes them: a record of texts, booleans, integers, sets and records. A claim that is null is left out,
 * as one that is missing.
 *
 * @param place - what the claims are called, for the error message
 * @throws BackendFaultError if a claim is something that Cedar does not know. To leave it out could let somebody in whom
 *   a policy forbids by it
 */
export function claimsRecord(claims: object, place: string, depth = 0): Record<string, CedarValueJson> {
  const record: Record<string, CedarValueJson> = {};
  for (const [name, value] of Object.entries(claims)) {
    if (value === null || value === undefined) continue;
    if (RESERVED.includes(name)) throw new BackendFaultError(`${place} has a ${name}, which Cedar takes for its own.`);
    const taken = cedarValue(value, `${place}.${name}`, depth + 1);
    // By assignment it would be the prototype.
    if (name === '__proto__') Object.defineProperty(record, name, { value: taken, enumerable: true });
    else record[name] = taken;
  }
  return record;
}

function cedarValue(value: unknown, place: string, depth: number): CedarValueJson {
  if (depth > MAX_DEPTH) throw new BackendFaultError(`${place} is nested too deep for Cedar.`);
  if (typeof value === 'boolean' || Number.isSafeInteger(value)) return value as boolean | number;
  // A lone surrogate would be an error of Cedar's that does not say where.
  if (typeof value === 'string' && value.isWellFormed()) return value;
  if (Array.isArray(value)) return value.map((item) => cedarValue(item, `${place}[]`, depth + 1));
  if (isJsonObject(value)) return claimsRecord(value, place, depth);
  const kind = typeof value === 'string' ? 'a text that is no Unicode' : describeType(value);
  throw new BackendFaultError(
    `${place} is ${kind}, which Cedar does not know. Name the claims that it gets in \`claims\`.`,
  );
}
