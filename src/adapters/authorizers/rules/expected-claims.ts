import { describeType, isJsonObject, own } from '../../../model/json.js';

/** What a claim can be compared with. */
export type ClaimValue = string | number | boolean;

/**
 * By the name of each claim: the value that it has; a list of which it has one; or, if the claim is an object, the same
 * for what is in it. A claim that is a list has each of its items. Types count: `true` is not `"true"`.
 */
export interface ExpectedClaims {
  readonly [claim: string]: ClaimValue | readonly ClaimValue[] | ExpectedClaims;
}

/** Whether the claims are as expected. A claim that is inherited, as `constructor` is, is none. */
export function hasClaims(claims: unknown, expected: ExpectedClaims): boolean {
  return isJsonObject(claims) && Object.entries(expected).every(([name, value]) => hasValue(own(claims, name), value));
}

function hasValue(claim: unknown, expected: ExpectedClaims[string]): boolean {
  if (isList(expected)) return expected.some((value) => hasValue(claim, value));
  if (typeof expected === 'object') return hasClaims(claim, expected);
  return Array.isArray(claim) ? claim.includes(expected) : claim === expected;
}

/** What is wrong with the claims of a rule, a sentence each. */
export function claimsProblems(expected: unknown, place: string): string[] {
  if (!isJsonObject(expected)) return [`${place} must be an object, and is ${describeType(expected)}.`];
  const claims = Object.entries(expected);
  if (claims.length === 0) return [`${place} must name one claim at least.`];
  return claims.flatMap(([name, value]) => valueProblems(value, `${place}.${name}`));
}

function valueProblems(value: unknown, place: string): string[] {
  if (isClaimValue(value)) return [];
  if (isJsonObject(value)) return claimsProblems(value, place);
  if (isList(value)) return value.length > 0 && value.every(isClaimValue) ? [] : [`${place} must list ${VALUES}.`];
  return [`${place} must be one of ${VALUES}, a list of them, or an object of claims, and is ${describeType(value)}.`];
}

const VALUES = 'texts, numbers and booleans';

function isClaimValue(value: unknown): value is ClaimValue {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}

/** `Array.isArray` does not narrow a readonly array. */
function isList<Item>(value: readonly Item[] | unknown): value is readonly Item[] {
  return Array.isArray(value);
}
