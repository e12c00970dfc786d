import { setTimeout as wait } from 'node:timers/promises';
import { ClosedError } from '../../src/model/errors.js';

/** Asks until there is an answer: a node takes a while to find its store again. */
export async function answered<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof ClosedError) throw error;
      await wait(20);
    }
  }
}
