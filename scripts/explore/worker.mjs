// Runs the pieces of an exploration that its parent sends, one after the other: see share-out.mjs.
import { explore } from '../../dist/testing/index.js';

/** In milliseconds. */
const BETWEEN_TWO_SIGNS = 100;

process.on('message', async (piece) => {
  let toldAt = performance.now();
  let told = 0;
  const onRun = (runs) => {
    const now = performance.now();
    if (now - toldAt < BETWEEN_TWO_SIGNS) return;
    process.send({ type: 'progress', runs: runs - told });
    toldAt = now;
    told = runs;
  };
  try {
    const exploration = await explore({ ...piece, onRun });
    process.send({ type: 'done', exploration, runs: exploration.runs - told });
  } catch (error) {
    process.send({ type: 'failed', message: error.message, code: error.code });
  }
});

process.once('disconnect', () => process.exit());
