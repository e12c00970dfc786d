const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Does work that a signal ends in order: the first one aborts `interruption`, and the process ends by that signal when the
 * work has; a second one ends it at once. A shell sees that its command was interrupted, and does not go on with the next.
 */
export async function interruptible(work: (interruption: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  let received: NodeJS.Signals | undefined;
  const interrupt = (signal: NodeJS.Signals) => {
    received = signal;
    stopListening();
    controller.abort();
  };
  const stopListening = () => {
    for (const signal of SIGNALS) process.off(signal, interrupt);
  };
  for (const signal of SIGNALS) process.on(signal, interrupt);
  try {
    await work(controller.signal);
  } finally {
    stopListening();
  }
  if (received !== undefined) process.kill(process.pid, received);
}
