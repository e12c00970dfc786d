import { isJsonObject } from '../model/json.js';
import {
  type InitSummary,
  type InspectedMachine,
  RECORDING_FORMAT,
  RECORDING_VERSION,
  type RecordedInit,
} from './protocol.js';

/** An init as it is saved. */
export function recordingOf(init: InitSummary, { graph, version }: InspectedMachine): RecordedInit {
  return { format: RECORDING_FORMAT, version: RECORDING_VERSION, machine: { id: graph.id, version }, init };
}

/**
 * Reads a recorded init.
 *
 * @param machine - the machine that it has to be of
 * @returns the init, or a sentence that says what was expected
 */
export function readRecording(text: string, machine: { id: string; version: string }): InitSummary | string {
  const recording = parse(text);
  if (!isJsonObject(recording) || recording['format'] !== RECORDING_FORMAT) {
    return `This is no recorded init: expected a JSON object with "format": "${RECORDING_FORMAT}".`;
  }
  if (recording['version'] !== RECORDING_VERSION) {
    return `Expected version ${RECORDING_VERSION} of the format of recordings, and this is ${shown(recording['version'])}.`;
  }
  const made = recording['machine'];
  if (!isJsonObject(made) || made['id'] !== machine.id || made['version'] !== machine.version) {
    const from = isJsonObject(made) ? `${shown(made['id'])} ${shown(made['version'])}` : 'none';
    return (
      `Expected a recording of the machine ${machine.id}, version ${machine.version}; this one was made with ${from}. ` +
      'The states have changed since then. Open it with the version of session-init that it was made with.'
    );
  }
  const { init } = recording;
  const problem = initProblem(init);
  return problem === undefined ? (init as InitSummary) : `The recorded init is damaged: ${problem}`;
}

const STRINGS = ['referenceId', 'state', 'username', 'ipAddress'];
const NUMBERS = ['startedAt', 'duration'];
const OPTIONAL_STRINGS = ['reason', 'code', 'user', 'cause'];

function initProblem(init: unknown): string | undefined {
  if (!isJsonObject(init)) return 'expected init to be an object.';
  for (const key of STRINGS) if (typeof init[key] !== 'string') return `expected init.${key} to be a string.`;
  for (const key of NUMBERS) if (!Number.isFinite(init[key])) return `expected init.${key} to be a number.`;
  for (const key of OPTIONAL_STRINGS) {
    if (init[key] !== undefined && typeof init[key] !== 'string') return `expected init.${key} to be a string.`;
  }
  const { phases, events = [] } = init;
  if (!Array.isArray(phases) || !phases.every(isPhase)) {
    return 'expected init.phases to be a list of pairs of a state and its milliseconds.';
  }
  if (!Array.isArray(events) || !events.every(isEvent)) {
    return 'expected init.events to be a list of objects with at, type and state.';
  }
  return undefined;
}

function isPhase(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === 'string' && Number.isFinite(value[1]);
}

function isEvent(value: unknown): boolean {
  if (!isJsonObject(value)) return false;
  const texts = ['from', 'says', 'actor'].every((key) => value[key] === undefined || typeof value[key] === 'string');
  return (
    Number.isFinite(value['at']) && typeof value['type'] === 'string' && typeof value['state'] === 'string' && texts
  );
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 100);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
