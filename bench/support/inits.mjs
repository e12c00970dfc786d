import { createSessionOrchestrator } from '../../dist/index.js';
import { initByHand } from '../by-hand/init.mjs';

/**
 * One `init` function for each way to do it, over the same backends.
 *
 * @param {'by hand' | 'session-init'} variant
 * @returns {(message: unknown, options: { ipAddress: string }) => Promise<object>}
 */
export function createInit(variant, options) {
  return variant === 'by hand' ? initByHand(options) : createSessionOrchestrator(options).init;
}

/** A bench that measures something else than successes would be worth nothing. */
export function requireSession(response) {
  if (!response.success || !/^[0-9a-f]{64}$/.test(response.data.session_secret.reveal())) {
    throw new Error(`An init was to succeed: ${JSON.stringify(response)}`);
  }
}
