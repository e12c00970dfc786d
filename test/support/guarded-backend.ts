import type { AuthenticationOutcome } from '../../src/adapters/ports.js';
import { type BreakerChange, type ResilienceOptions, resilient } from '../../src/adapters/resilience/index.js';
import { Secret } from '../../src/index.js';
import { simulatedClock } from '../../src/testing/index.js';
import { said, type Word } from './said.js';

export const SECRET = 'marked-user-secret-1';
export const credentials = { username: 'alice', secret: new Secret(SECRET), ipAddress: '192.0.2.1' };

/** A system error as Node makes them. */
export function systemError(code: string, syscall: string): Error {
  return Object.assign(new Error(`${syscall} ${code}`), { code, syscall });
}

/** A backend whose next answer is told to it, behind the guard, in simulated time. */
export async function stage(options: ResilienceOptions = {}) {
  const clock = simulatedClock();
  const changes: BreakerChange[] = [];
  let word: Word | (() => Promise<AuthenticationOutcome>) = 'yes';
  const signals: AbortSignal[] = [];
  const backend = said('corp', async (asked, callOptions) => {
    signals.push(callOptions.signal);
    return typeof word === 'function' ? word() : said('corp', word).authenticate(asked, callOptions);
  });
  const guarded = resilient(backend, { clock, onStateChange: (change) => changes.push(change), ...options });
  await guarded.open();
  const states = () => changes.map(({ state }) => state).join(' ');

  /** What comes of a call: `yes`, `no`, or the code of the error. */
  async function call(says: typeof word = word, signal = new AbortController().signal): Promise<string> {
    word = says;
    try {
      const { outcome } = await guarded.authenticate(credentials, { signal });
      return outcome === 'denied' ? 'no' : 'yes';
    } catch (error) {
      if ((error as Error).message?.includes('is not asked: its circuit breaker is open')) return 'open';
      return (error as { code?: string }).code ?? String((error as Error).message);
    }
  }
  return { clock, changes, states, backend, guarded, signals, call, says: (next: typeof word) => (word = next) };
}
