import { createSessionOrchestrator } from '../../dist/index.js';
import { initByHand } from '../by-hand/init.mjs';

/** The ways to run an init in the orchestrator, by the name of the variant: as it comes, and in XState's own actor. */
const ORCHESTRATORS = {
  'session-init': {},
  "XState's actor": { engine: 'actor' },
  inspected: { inspect: () => {} },
};

/**
 * One `init` function for each way to do it, over the same backends.
 *
 * @param {'by hand' | keyof typeof ORCHESTRATORS} variant
 * @returns {(message: unknown, options: { ipAddress: string }) => Promise<object>}
 */
export function createInit(variant, options) {
  if (variant === 'by hand') return initByHand(options);
  return createSessionOrchestrator({ ...options, ...ORCHESTRATORS[variant] }).init;
}

/** A bench that measures something else than successes would be worth nothing. */
export function requireSession(response) {
  if (!response.success || !/^[0-9a-f]{64}$/.test(response.data.session_secret.reveal())) {
    throw new Error(`An init was to succeed: ${JSON.stringify(response)}`);
  }
}
