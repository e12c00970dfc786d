import type { PathStep } from '../model/backend-path.js';
import { BackendFaultError } from '../model/errors.js';
import { isJsonObject } from '../model/json.js';
import type { AuthenticationOutcome, AuthorizationOutcome } from './ports.js';

/*
 * What a backend answers is checked and copied here. Beyond this point an outcome is a plain object of the declared shape
 * that nobody else holds; what is not of that shape is a fault of the backend, and so are a getter that throws and a proxy
 * that plays tricks, wherever this runs inside the promise of a call.
 */

/** @throws BackendFaultError if `value` is no outcome of an authenticator */
export function readAuthentication(backend: string, value: unknown): AuthenticationOutcome {
  const answer = isJsonObject(value) ? value : {};
  const outcome = answer['outcome'];
  const path = readPath(answer['path']);
  if (outcome === 'denied') return { outcome, cause: readCause(answer['cause']), path };
  if (outcome !== 'authenticated') throw garbled(backend, "an outcome of 'authenticated' or 'denied'");
  const { user, groups, claims, expiresAt } = answer;
  if (typeof user !== 'string' || user === '') throw garbled(backend, 'a user that is a non-empty string');
  if (groups !== undefined && !isStringArray(groups)) throw garbled(backend, 'groups that are an array of strings');
  if (claims !== undefined && !isJsonObject(claims)) throw garbled(backend, 'claims that are an object');
  if (expiresAt !== undefined && !isTime(expiresAt)) throw garbled(backend, 'an expiresAt that is a time');
  return { outcome, user, groups: groups && [...groups], claims, expiresAt, path };
}

/** @throws BackendFaultError if `value` is no outcome of an authorizer */
export function readAuthorization(backend: string, value: unknown): AuthorizationOutcome {
  const answer = isJsonObject(value) ? value : {};
  const outcome = answer['outcome'];
  if (outcome === 'authorized') return { outcome };
  if (outcome === 'denied') return { outcome, cause: readCause(answer['cause']) };
  throw garbled(backend, "an outcome of 'authorized' or 'denied'");
}

/** More steps, in all, are no use to whoever reads them. */
const MAX_STEPS = 100;

/** Which backends said what. It decides nothing: what is not of its shape is left out. */
export function readPath(value: unknown, budget = { steps: MAX_STEPS }): readonly PathStep[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.slice(0, MAX_STEPS).flatMap((step: unknown) => {
    const { backend, outcome, cause, milliseconds, path } = isJsonObject(step) ? step : {};
    if (typeof backend !== 'string' || typeof milliseconds !== 'number' || !isStepOutcome(outcome)) return [];
    if (budget.steps-- <= 0) return [];
    const inner = readPath(path, budget);
    return [{ backend, outcome, cause: readCause(cause), milliseconds, ...(inner && { path: inner }) }];
  });
}

function isStepOutcome(value: unknown): value is PathStep['outcome'] {
  return value === 'authenticated' || value === 'denied' || value === 'failed';
}

function readCause(cause: unknown): string | undefined {
  return typeof cause === 'string' ? cause : undefined;
}

function isStringArray(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && !Number.isNaN(value);
}

function garbled(backend: string, expected: string): BackendFaultError {
  return new BackendFaultError(`${backend} answered something else than ${expected}.`);
}
