/*
 * The process of one variant of one case. It prepares the variant, and then measures when it is told to, so that the
 * variants take turns, and none lives with the garbage or the compiled code of another.
 */
import { cases } from '../cases.mjs';

const [caseName, variant, effort] = process.argv.slice(2);
const { createVariant } = await cases[caseName].load();

// XState's `development` build has checks that production has not.
if (import.meta.resolve('xstate').includes('development')) {
  throw new Error('Node was told to use the `development` builds of packages; take that out of NODE_OPTIONS.');
}

const subject = await createVariant(variant, JSON.parse(effort));

// An interrupt reaches the whole group: the bench ends by it, and this process when the bench is gone.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());
process.on('message', async (request) => {
  if (request.type === 'measure') {
    process.send({ type: 'measured', value: await subject.workloads[request.workload]() });
  } else {
    await subject.close?.();
    process.disconnect();
  }
});
process.send({ type: 'ready', workloads: Object.keys(subject.workloads) });
