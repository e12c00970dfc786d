import type { InitRecording, SessionOrchestrator } from '../index.js';

/** Inits as they come, until it is stopped. */
export interface InitRecorder {
  /** In the order of their ends. `JSON.stringify` writes one to a file; no secret is in it. */
  readonly recordings: readonly InitRecording[];
  stop(): void;
}

/**
 * Records every init of an orchestrator that ends from now on, so that it can be run again: see `replay`.
 *
 * @example
 * ```ts
 * import type { SessionOrchestrator } from 'session-init';
 * import { recordInits, replay } from 'session-init/testing';
 *
 * declare const orchestrator: SessionOrchestrator;
 * const { recordings } = recordInits(orchestrator);
 * await orchestrator.init({ username: 'alice', user_secret: 'marked-user-secret-1' }, { ipAddress: '192.0.2.1' });
 * const { difference } = await replay(recordings[0]);
 * if (difference !== undefined) throw new Error(difference.says);
 * ```
 */
export function recordInits(orchestrator: Pick<SessionOrchestrator, 'on'>): InitRecorder {
  const recordings: InitRecording[] = [];
  const stop = orchestrator.on('init.recorded', (recording) => recordings.push(recording));
  return { recordings, stop };
}
