import type { Clock } from '../../model/clock.js';
import type { HttpAnswer } from './http-client.js';

const HOUR = 3_600;

/**
 * What an answer says of when to try again (RFC 9110, section 10.2.3): whole seconds, from one to an hour; one if it says
 * nothing that can be understood.
 */
export function retryAfterOf({ headers }: HttpAnswer, clock: Clock): number {
  const value = String(headers['retry-after']);
  const seconds = /^\d+$/.test(value) ? Number(value) : Math.ceil((Date.parse(value) - clock.now()) / 1000);
  return Number.isNaN(seconds) ? 1 : Math.min(Math.max(seconds, 1), HOUR);
}
