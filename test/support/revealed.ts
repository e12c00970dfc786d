import { Secret } from '../../src/model/secret.js';
import type { SessionInitResponse } from '../../src/model/session-init-response.js';

/** A response as a plain value: the type of its data, secrets revealed, times in milliseconds; for comparisons. */
export function revealed(response: SessionInitResponse): unknown {
  const { success, reason, message, data } = response;
  return { success, reason, message, type: data.constructor.name, data: revealedProperties(data) };
}

function revealedProperties(data: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, plain(value)]));
}

function plain(value: unknown): unknown {
  if (value instanceof Secret) return { secret: value.reveal() };
  return value instanceof Date ? { milliseconds: value.getTime() } : value;
}
