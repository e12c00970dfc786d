/**
 * The inspector: a page, served from this package alone, that shows what inits, connections and XState systems do.
 *
 * @packageDocumentation
 */

export type { BreakerChange } from './breaker-source.js';
export type { InspectableOrchestrator } from './init-source.js';
export { type Inspector, inspector } from './inspector.js';
export type { InspectorOptions } from './options.js';
export type { BackendStep, InitEvent, InitSummary, RecordedInit, TakenTransition } from './protocol.js';
export { readRecording } from './recorded-init.js';
export { type SendToStatelyOptions, sendToStately } from './send-to-stately.js';
