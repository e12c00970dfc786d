import { createHash } from 'node:crypto';
import type { AnyStateMachine } from 'xstate';

/**
 * Tells two versions of a machine apart: by its states, transitions, invokes, and the names of guards, actions and delays.
 * Descriptions do not count, nor do implementations, which `provide()` may exchange.
 *
 * @returns 16 hex characters
 */
export function machineHash(machine: AnyStateMachine): string {
  const shape = JSON.stringify(machine.definition, (key, value) => (key === 'description' ? undefined : value));
  return createHash('sha256').update(shape).digest('hex').slice(0, 16);
}
