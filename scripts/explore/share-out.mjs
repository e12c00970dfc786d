// Shares an exploration out among processes. What it comes to does not depend on how many there are.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ConfigurationError } from '../../dist/index.js';

const WORKER = fileURLToPath(new URL('worker.mjs', import.meta.url));
/** Random schedules in a piece: a fraction of a second. */
const RUNS = 250;
/** Of an exhaustive exploration. Those that begin with an early deviation take much longer. */
const PARTS = 256;

/**
 * The pieces of an exploration, in the order in which one process would go through them.
 *
 * @param options - those of `explore()`
 */
export function piecesOf(options) {
  const { runs, seed, replay, exhaustive } = options;
  if (replay !== undefined) return [options];
  if (exhaustive !== undefined) {
    return Array.from({ length: PARTS }, (_, index) => ({
      ...options,
      exhaustive: { ...exhaustive, part: { index, of: PARTS } },
    }));
  }
  return Array.from({ length: Math.ceil(runs / RUNS) }, (_, index) => ({
    ...options,
    seed: seed + index * RUNS,
    runs: Math.min(RUNS, runs - index * RUNS),
  }));
}

/**
 * Has `pieces` explored by so many processes.
 *
 * @param onRuns - told of every few schedules
 * @returns what they come to, up to the first one that broke a promise
 */
export async function shareOut(pieces, workers, onRuns) {
  const results = [];
  let next = 0;
  let end = pieces.length;

  /** Goes on with the next piece until there is none, or none before the one that broke a promise. */
  async function work() {
    const worker = fork(WORKER, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    try {
      while (next < end) {
        const index = next++;
        results[index] = await explorationOf(worker, pieces[index], onRuns);
        if (results[index].broken !== undefined) end = Math.min(end, index + 1);
      }
    } finally {
      worker.disconnect();
    }
  }

  await Promise.all(Array.from({ length: Math.min(workers, pieces.length) }, work));
  return sum(results.slice(0, end));
}

function explorationOf(worker, piece, onRuns) {
  return new Promise((resolve, reject) => {
    const ended = (code, signal) =>
      reject(new Error(`A process that explores has ended (${signal ?? `code ${code}`}).`));
    const told = (message) => {
      if (message.type === 'failed') {
        const { message: text, code } = message;
        settle(reject, code === 'invalid_configuration' ? new ConfigurationError(text) : new Error(text));
        return;
      }
      onRuns(message.runs);
      if (message.type === 'done') settle(resolve, message.exploration);
    };
    const settle = (how, value) => {
      worker.off('message', told);
      worker.off('exit', ended);
      how(value);
    };
    worker.on('message', told);
    worker.once('exit', ended);
    worker.send(piece);
  });
}

function sum(explorations) {
  const total = { runs: 0, states: {} };
  for (const { runs, states, broken } of explorations) {
    if (broken !== undefined) total.broken = { ...broken, run: total.runs + broken.run };
    total.runs += runs;
    for (const [state, count] of Object.entries(states)) total.states[state] = (total.states[state] ?? 0) + count;
  }
  return total;
}
