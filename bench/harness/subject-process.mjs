import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const SUBJECT = fileURLToPath(new URL('subject.mjs', import.meta.url));

/**
 * Starts the process of one variant of one case.
 *
 * @returns when the variant is prepared
 * @throws if the process ends before it was told to; it has said why on standard error
 */
export async function startSubject(caseName, variant, execArgv, effort) {
  const child = fork(SUBJECT, [caseName, variant, JSON.stringify(effort)], { execArgv });
  const exited = once(child, 'exit');

  async function answer() {
    const listening = new AbortController();
    const ended = exited.then(() => {
      throw new Error(`The process of '${variant}' in case ${caseName} ended too early.`);
    });
    try {
      const [message] = await Promise.race([once(child, 'message', { signal: listening.signal }), ended]);
      return message;
    } finally {
      listening.abort();
    }
  }

  const { workloads } = await answer();
  return {
    variant,
    workloads,
    async measure(workload) {
      child.send({ type: 'measure', workload });
      return (await answer()).value;
    },
    async close() {
      if (child.connected) child.send({ type: 'close' });
      await exited;
    },
  };
}
