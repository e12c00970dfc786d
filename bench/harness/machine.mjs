import { cpus, loadavg } from 'node:os';

/** Where a run was taken: figures of two machines say nothing about each other. */
export function describeMachine() {
  const processors = cpus();
  return {
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    processor: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
  };
}

/** Processes that ran or waited for a processor, on average over the last minute. */
export function load() {
  return loadavg()[0] ?? 0;
}
