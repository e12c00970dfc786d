import { randomBytes } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import {
  allowAllAuthorizer,
  createSessionOrchestrator,
  memorySessionManager,
  staticAuthenticator,
  systemClock,
} from '../../dist/index.js';
import { sweepByHand } from '../by-hand/session-sweep.mjs';

const STALL = 'longest stall';
const WHOLE = 'until all are gone';

export const variants = ['by hand', 'session-init'];
export const unit = 'us';
export const fewerRounds = ({ rounds, quick }) => ({ rounds: quick ? 1 : Math.min(rounds, 3), warmUps: quick ? 0 : 1 });

/** Sessions that all expire in one moment, and are removed in the background while the event loop goes on. */
export async function createVariant(variant, { quick, large }) {
  const size = quick ? 1_000 : large ? 1_000_000 : 100_000;
  const figures = new Map();
  async function figure(name) {
    // One run gives both figures, and each is asked for once in a round.
    if (!figures.has(name)) {
      for (const [key, value] of await expire(variant, size)) figures.set(key, value);
    }
    const value = figures.get(name);
    figures.delete(name);
    return value;
  }
  const named = (name) => `${size.toLocaleString('en')} sessions, ${name}`;
  return { workloads: { [named(STALL)]: () => figure(STALL), [named(WHOLE)]: () => figure(WHOLE) } };
}

async function expire(variant, size) {
  const removal = variant === 'by hand' ? sweepByHand(size, () => randomBytes(32)) : await withOrchestrator(size);
  await turn();
  const begun = performance.now();
  let longest = 0;
  let isOver = false;
  removal.begin().then(() => {
    isOver = true;
  });
  for (let last = begun; !isOver; ) {
    await turn();
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }
  const whole = performance.now() - begun;
  await removal.close?.();
  return [
    [STALL, longest * 1000],
    [WHOLE, whole * 1000],
  ];
}

async function withOrchestrator(size) {
  let ahead = 0;
  const clock = {
    ...systemClock,
    now: () => systemClock.now() + ahead,
    monotonic: () => systemClock.monotonic() + ahead,
  };
  const sessionManager = memorySessionManager({ clock });
  for (let index = 0; index < size; index++) {
    await sessionManager.create({ user: `user-${index}`, ipAddress: '127.0.0.1' });
  }
  const authenticator = staticAuthenticator({ users: {} });
  const authorizer = allowAllAuthorizer();
  const options = { authenticator, authorizer, sessionManager, clock, sweepInterval: 5 };
  const orchestrator = createSessionOrchestrator(options);
  return {
    begin() {
      let ended = 0;
      const all = new Promise((resolve) => {
        orchestrator.on('session.ended', () => {
          ended += 1;
          if (ended === size) resolve();
        });
      });
      ahead = 86_400_000;
      return all;
    },
    close: () => orchestrator.close(),
  };
}
