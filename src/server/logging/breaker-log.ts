import type { BreakerChange } from '../../adapters/resilience/index.js';
import type { Logger } from './logger.js';

const TEXTS = {
  open: 'A backend fails again and again. Nobody asks it until it has rested.',
  halfOpen: 'A backend has rested. One call tries it.',
  closed: 'A backend answers again.',
};

/** Logs each change of the circuit breaker before a backend. */
export function breakerLog(logger: Logger): (change: BreakerChange) => void {
  return ({ backend, state, cause }) => {
    const level = state === 'open' ? 'warn' : 'info';
    logger[level]({ event: 'backend_breaker', backend, state, ...(cause && { cause }) }, TEXTS[state]);
  };
}
