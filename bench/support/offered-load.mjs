import { setTimeout as wait } from 'node:timers/promises';

/**
 * Offers work at a rate, whether or not what was offered before is done: as clients do who know nothing of each other.
 *
 * @param {(index: number) => Promise<boolean>} ask - whether it was accepted
 * @param {{ perSecond: number, settling: number, milliseconds: number }} load - what is offered in the first `settling`
 *   milliseconds is not counted
 * @returns how many per second were accepted, and how long they took
 */
export async function offerLoad(ask, { perSecond, settling, milliseconds }) {
  const begun = performance.now();
  const end = settling + milliseconds;
  const latencies = [];
  const asked = [];
  let offered = 0;
  let acceptedInTime = 0;
  const offer = async (index, at) => {
    const isAccepted = await ask(index);
    const answeredAt = performance.now() - begun;
    if (!isAccepted) return;
    if (answeredAt >= settling && answeredAt < end) acceptedInTime += 1;
    if (at >= settling) latencies.push(answeredAt - at);
  };
  for (let now = 0; now < end; now = performance.now() - begun) {
    for (const due = (now * perSecond) / 1000; offered < due; offered++) asked.push(offer(offered, now));
    await wait(2);
  }
  await Promise.all(asked);
  return { goodput: (acceptedInTime * 1000) / milliseconds, latencies };
}
