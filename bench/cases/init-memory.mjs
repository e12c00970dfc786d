import { setImmediate as turn } from 'node:timers/promises';
import { immediateBackends } from '../support/immediate-backends.mjs';
import { createInit, requireSession } from '../support/inits.mjs';
import { makeRequests } from '../support/requests.mjs';

export const variants = ['by hand', 'session-init', "XState's actor"];
export const unit = 'bytes';
export const figuresOnly = ['left behind'];
/** Bytes hardly vary. */
export const fewerRounds = ({ rounds }) => ({ rounds: Math.min(rounds, 3), warmUps: 1 });
/** A young generation so large that nothing is collected while allocations are counted. */
export const execArgv = ['--expose-gc', '--min-semi-space-size=256', '--max-semi-space-size=256'];

/** Bytes per init: allocated until the response is there, held while it is in flight, and left behind after it. */
export async function createVariant(variant, { quick }) {
  const inFlight = quick ? 100 : 10_000;
  // Few enough that the garbage of all of them fits.
  const sequence = quick ? 100 : 500;
  const backends = immediateBackends();
  const immediately = backends.authenticator.authenticate;
  let gate;
  let waiting = 0;
  backends.authenticator.authenticate = (credentials) => {
    waiting++;
    return gate === undefined ? immediately(credentials) : gate.then(() => immediately(credentials));
  };

  const init = createInit(variant, { ...backends, maxInFlight: inFlight });
  const requests = makeRequests(inFlight);
  const ask = ({ message, options }) => init(message, options);
  requireSession(await ask(requests[0]));

  async function allocated() {
    await heapAfterCollection();
    const before = process.memoryUsage().heapUsed;
    for (const request of requests.slice(0, sequence)) await ask(request);
    return (process.memoryUsage().heapUsed - before) / sequence;
  }

  /** Holds all of them at the authenticator, and lets them go again. It is apart, so that nothing of it is left. */
  async function holdAll() {
    let open;
    gate = new Promise((resolve) => {
      open = resolve;
    });
    waiting = 0;
    const answers = requests.map(ask);
    const during = await heapAfterCollection();
    if (waiting !== inFlight) throw new Error(`${inFlight} were to wait at the authenticator, and ${waiting} do.`);
    open();
    gate = undefined;
    for (const answer of answers) requireSession(await answer);
    return during;
  }

  async function hold() {
    const before = await heapAfterCollection();
    const during = await holdAll();
    const after = await heapAfterCollection();
    figures.held.push((during - before) / inFlight);
    figures.left.push((after - before) / inFlight);
  }

  /** One holding gives two figures, and each is asked for once. */
  const figures = { held: [], left: [] };
  async function figure(kind) {
    if (figures[kind].length === 0) await hold();
    return figures[kind].shift();
  }

  return {
    workloads: {
      allocated,
      [`${inFlight.toLocaleString('en')} in flight`]: () => figure('held'),
      'left behind': () => figure('left'),
    },
  };
}

/** The heap in use, once everything that is due has run and what nobody holds is gone. */
async function heapAfterCollection() {
  for (let turns = 0; turns < 5; turns++) await turn();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}
