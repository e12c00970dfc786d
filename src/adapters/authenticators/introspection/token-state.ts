import { BackendFaultError } from '../../../model/errors.js';
import { type JsonObject, own } from '../../../model/json.js';
import type { IntrospectionSettings } from './check-options.js';

/**
 * Why a token is none for us, from what its server says of it (RFC 7662 §2.2).
 *
 * @throws BackendFaultError if what it says makes no sense
 */
export function denialOf(answer: JsonObject, settings: IntrospectionSettings): string | undefined {
  const { name, issuer, audience, scopes, clock, clockTolerance } = settings;
  if (answer['active'] !== true) return 'inactiveToken';
  const now = clock.now();
  const expiresAt = timeIn(answer, 'exp', name);
  if (expiresAt !== undefined && expiresAt + clockTolerance <= now) return 'expired';
  const notBefore = timeIn(answer, 'nbf', name);
  if (notBefore !== undefined && notBefore - clockTolerance > now) return 'notYetValid';
  const { iss, aud, scope, token_type: type = 'bearer', token_use: use = 'access_token' } = answer;
  if (iss !== undefined && iss !== issuer) return 'wrongIssuer';
  const granted = typeof scope === 'string' ? scope.split(' ') : [];
  if (!scopes.every((needed) => granted.includes(needed))) return 'missingScope';
  // Neither one that is bound to a key, nor a refresh token.
  if (String(type).toLowerCase() !== 'bearer' || use !== 'access_token') return 'wrongType';
  const audiences = [aud].flat();
  const isForUs = audience === false || [audience].flat().some((ours) => audiences.includes(ours));
  return isForUs ? undefined : 'wrongAudience';
}

/** A time in the answer, in milliseconds since the epoch. */
export function timeIn(answer: JsonObject, property: 'exp' | 'nbf', name: string): number | undefined {
  const time = own(answer, property);
  if (time === undefined) return undefined;
  if (typeof time === 'number') return time * 1000;
  throw new BackendFaultError(`${name}: the answer of the authorization server has no number as its ${property}.`);
}
