import { timed } from '../harness/timed.mjs';
import { immediateBackends } from '../support/immediate-backends.mjs';
import { createInit, requireSession } from '../support/inits.mjs';
import { makeRequests } from '../support/requests.mjs';

export const variants = ['by hand', 'session-init', "XState's actor", 'inspected'];
export const unit = 'us';
export const scaling = { '10,000 concurrent': 'sequential' };

const SEQUENCE = 100;

/** Inits over backends that answer at once: what is measured is what stands around them. */
export async function createVariant(variant, { milliseconds, quick }) {
  let records = 0;
  const init = createInit(variant, { ...immediateBackends(), maxInFlight: 10_000, onResponse: () => records++ });
  const requests = makeRequests(10_000);
  const ask = ({ message, options }) => init(message, options);

  requireSession(await ask(requests[0]));
  if (records !== 1) throw new Error('An init was to give one record.');

  const concurrent = (count) => () =>
    timed(milliseconds, async () => {
      await Promise.all(requests.slice(0, count).map(ask));
      return count;
    });

  return {
    workloads: {
      sequential: () =>
        timed(milliseconds, async () => {
          for (const request of requests.slice(0, SEQUENCE)) await ask(request);
          return SEQUENCE;
        }),
      '64 concurrent': concurrent(64),
      ...(!quick && { '1,000 concurrent': concurrent(1_000), '10,000 concurrent': concurrent(10_000) }),
    },
  };
}
