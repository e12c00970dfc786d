import { z } from 'zod';
import { ConfigurationError, type InitRecording, machineHash, type SessionInitMachine } from '../../index.js';
import { RECORDING_VERSION } from '../../model/init-recording.js';
import { isJsonObject } from '../../model/json.js';

const at = z.number().nonnegative();
const from = z.enum(['admit', 'authenticate', 'authorize', 'establishSession']);
const time = z.iso.datetime();
const session = z.object({
  session_id: z.int(),
  user: z.string(),
  ip_address: z.string(),
  created: time,
  last_accessed: time,
});
const milliseconds = z.number().nonnegative();

const schema = z.object({
  format: z.literal('session-init/recording'),
  version: z.literal(RECORDING_VERSION),
  machine: z.object({ id: z.string(), hash: z.string() }),
  request: z.object({ username: z.string(), ipAddress: z.string(), problem: z.string().optional() }),
  referenceId: z.string(),
  deadlines: z.object({
    request: milliseconds,
    admission: milliseconds,
    authentication: milliseconds,
    authorization: milliseconds,
    session: milliseconds,
  }),
  startedAt: z.number(),
  answeredAt: z.number(),
  inputs: z.array(
    z.union(
      [
        z.object({ at, from: z.literal('caller'), cancel: z.enum(['cancelled', 'draining']) }),
        z.object({
          at,
          from,
          fault: z.enum(['fault', 'overloaded', 'defect']),
          name: z.string().optional(),
          retryAfter: z.number().optional(),
        }),
        z.object({
          at,
          from: z.literal('establishSession'),
          answer: z.looseObject({ outcome: z.literal('created'), session }),
        }),
        z.object({ at, from, answer: z.looseObject({ outcome: z.string() }) }),
      ],
      { error: `expected at, from (caller, ${from.options.join(', ')}), and an answer, a fault or a cancel` },
    ),
  ),
  steps: z.array(z.object({ state: z.string(), at })).min(1),
  response: z.looseObject({ success: z.boolean() }),
});

/**
 * Reads a recording, from its JSON text or the value of that, or from a file that the inspector's page has saved.
 *
 * @throws ConfigurationError saying what was expected, if it is none, or one of another machine than `machine`
 */
export function readRecording(given: unknown, machine: SessionInitMachine): InitRecording {
  const opened = typeof given === 'string' ? parse(given) : given;
  const value = unwrap(opened);
  if (value === undefined && opened !== undefined) {
    throw new ConfigurationError(
      'This file of the inspector holds an init that was not sampled: its steps are known, and not what the backends ' +
        'answered. Save one whose events are shown; the option sampling says how many these are.',
    );
  }
  const { success, error } = schema.safeParse(value);
  if (!success) {
    const [issue] = error.issues;
    const path = issue?.path.join('.') || 'the whole';
    throw new ConfigurationError(`This is no recording of an init: at ${path}, ${issue?.message}.`);
  }
  const recording = value as InitRecording;
  const hash = machineHash(machine);
  if (recording.machine.id !== machine.id || recording.machine.hash !== hash) {
    throw new ConfigurationError(
      `The recording is of another version of the machine: expected ${machine.id} ${hash}, and it is of ` +
        `${recording.machine.id} ${recording.machine.hash}. Replay it with the session-init that it was made with, or record anew.`,
    );
  }
  return recording;
}

/** The page saves what it shows of an init, and in that its recording if there is one. */
function unwrap(value: unknown): unknown {
  return isJsonObject(value) && isJsonObject(value['init']) ? value['init']['recording'] : value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
