import { randomBytes } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { memorySessionManager } from '../../dist/index.js';
import { sessionMapByHand } from '../by-hand/session-map.mjs';

export const variants = ['by hand', 'session-init'];
export const unit = 'bytes';
/** Bytes hardly vary. */
export const fewerRounds = () => ({ rounds: 1, warmUps: 0 });
export const execArgv = ['--expose-gc'];

/** Bytes of a live session, of as many users: what the store has grown by, the buffers outside of the heap included. */
export async function createVariant(variant, { quick, large }) {
  const sizes = quick ? [1_000] : [100_000, ...(large ? [1_000_000] : [])];
  return {
    workloads: Object.fromEntries(
      sizes.map((size) => [`${size.toLocaleString('en')} sessions`, () => bytesPerSession(variant, size)]),
    ),
  };
}

async function bytesPerSession(variant, size) {
  const before = await bytesInUse();
  const store = variant === 'by hand' ? fillMap(size) : await fillManager(size);
  const after = await bytesInUse();
  if (store.size() !== size) throw new Error(`There were to be ${size} sessions.`);
  return (after - before) / size;
}

function fillMap(size) {
  const sessions = sessionMapByHand();
  const now = Date.now();
  for (let index = 0; index < size; index++) {
    const secret = randomBytes(32).toString('hex');
    sessions.add(secret, { id: index + 1, user: `user-${index}`, created: now, lastAccessed: now });
  }
  return { size: () => size, sessions };
}

async function fillManager(size) {
  const sessionManager = memorySessionManager();
  let last;
  for (let index = 0; index < size; index++) {
    const { session } = await sessionManager.create({ user: `user-${index}`, ipAddress: '127.0.0.1' });
    last = session.session_id;
  }
  const found = await sessionManager.findById(last);
  return { size: () => (found === undefined ? 0 : size), sessionManager };
}

async function bytesInUse() {
  for (let turns = 0; turns < 5; turns++) await turn();
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
