import { WebSocket } from 'ws';
import { createSessionOrchestrator } from '../../dist/index.js';
import { inspector } from '../../dist/inspector/index.js';
import { timed } from '../harness/timed.mjs';
import { immediateBackends } from '../support/immediate-backends.mjs';
import { requireSession } from '../support/inits.mjs';
import { makeRequests } from '../support/requests.mjs';

export const variants = ['not attached', 'nobody looks', 'somebody looks'];
export const unit = 'us';

/** Inits in an orchestrator that an inspector is attached to: what it costs, with a page that looks on and without. */
export async function createVariant(variant, { milliseconds, quick }) {
  const orchestrator = createSessionOrchestrator(immediateBackends());
  if (variant !== 'not attached') {
    const watched = await inspector({ port: 0 });
    watched.attach(orchestrator);
    if (variant === 'somebody looks') await look(watched.url);
  }
  const requests = makeRequests(1_000);
  const ask = ({ message, options }) => orchestrator.init(message, options);
  requireSession(await ask(requests[0]));

  const concurrent = (count) => () =>
    timed(milliseconds, async () => {
      await Promise.all(requests.slice(0, count).map(ask));
      // What is due to the page is sent between the inits, as it is where they come from a network.
      await new Promise((resolve) => setImmediate(resolve));
      return count;
    });
  return { workloads: { '64 concurrent': concurrent(64), ...(!quick && { '1,000 concurrent': concurrent(1_000) }) } };
}

/** A page, as far as its WebSocket goes: it reads everything. */
async function look(url) {
  const { host, hash } = new URL(url);
  const webSocket = new WebSocket(`ws://${host}/feed`);
  await new Promise((resolve) => webSocket.once('open', resolve));
  webSocket.send(JSON.stringify({ type: 'hello', token: hash.replace('#token=', '') }));
  await new Promise((resolve) => webSocket.once('message', resolve));
}
