/**
 * The inspector: a page, served from this package alone, that shows what inits, connections and XState systems do.
 *
 * @packageDocumentation
 */

export type { InspectableOrchestrator } from './init-source.js';
export { type Inspector, inspector } from './inspector.js';
export type { InspectorOptions } from './options.js';
export type { InitEvent, InitSummary, RecordedInit } from './protocol.js';
export { readRecording } from './recorded-init.js';
export { type SendToStatelyOptions, sendToStately } from './send-to-stately.js';
