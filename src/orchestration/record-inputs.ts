import type { SessionInitResult } from '../machines/run-session-init.js';
import { DefectError, OverloadedError } from '../model/errors.js';
import type { RecordedActor, RecordedFault, RecordedInput } from '../model/init-recording.js';
import type { JsonObject } from '../model/json.js';
import type { FullAuthSession } from '../model/session.js';

/** What is invoked in which state. */
const ACTORS: Readonly<Record<string, RecordedActor>> = {
  admitting: 'admit',
  authenticating: 'authenticate',
  authorizing: 'authorize',
  establishing: 'establishSession',
};

type Answer = JsonObject & { outcome: string };
type Input = RecordedInput extends infer One ? (One extends RecordedInput ? Omit<One, 'at' | 'from'> : never) : never;

/** What came to an init from outside, concluded from the states that it came through and from what it knew in the end. */
export function recordInputs(result: SessionInitResult): RecordedInput[] {
  const { steps } = result;
  const inputs: RecordedInput[] = [];
  for (const [index, { state }] of steps.slice(0, -1).entries()) {
    const at = steps[index + 1]?.at as number;
    const from = ACTORS[state];
    const isLast = index === steps.length - 2;
    const input: Input | undefined = isLast ? lastInput(state, result) : { answer: passing(state, result) };
    if (input === undefined) continue;
    if ('cancel' in input) inputs.push({ at, from: 'caller', ...input });
    else if (from !== undefined) inputs.push({ at, from, ...input });
  }
  return inputs;
}

/** The answer that led on to the next phase. */
function passing(state: string, { context }: SessionInitResult): Answer {
  if (state === 'admitting') return { outcome: 'admitted' };
  if (state === 'authorizing') return { outcome: 'authorized' };
  const { user, groups } = context?.identity ?? {};
  return { outcome: 'authenticated', user, ...(groups && { groups }) };
}

/** What led to the end; nothing if that was a deadline. */
function lastInput(phase: string, { state, context, defect }: SessionInitResult): Input | undefined {
  const failure = context?.failure;
  const code = failure?.code;
  if (defect !== undefined) return undefined;
  if (state === 'authorized') return { answer: created(context?.session as FullAuthSession) };
  if (state === 'authenticationDenied' || state === 'notAuthorized') return { answer: denied(failure?.cause) };
  if (failure !== undefined && 'cause' in failure) return faultOf(failure.cause);
  if (state === 'sessionDetailsMissing' || state === 'authenticationSystemFailed') {
    return { answer: { outcome: 'invalid' } };
  }
  if (state !== 'refused' || code === undefined) return undefined;
  if ((code === 'cancelled' || code === 'draining') && failure?.retryAfter === undefined) return { cancel: code };
  if (phase === 'admitting') return { answer: { outcome: 'refused', code, retryAfter: failure?.retryAfter } };
  return { answer: { outcome: code === 'session_limit' ? 'limitReached' : 'invalid' } };
}

function created({ session_id, user, ip_address, created, last_accessed }: FullAuthSession): Answer {
  const times = { created: created?.toISOString(), last_accessed: last_accessed?.toISOString() };
  return { outcome: 'created', session: { session_id, user, ip_address, ...times } };
}

function denied(cause: unknown): Answer {
  return { outcome: 'denied', ...(typeof cause === 'string' && { cause }) };
}

function faultOf(cause: unknown): Omit<RecordedFault, 'at' | 'from'> {
  const name = nameOf(cause);
  if (cause instanceof OverloadedError)
    return { fault: 'overloaded', name: 'OverloadedError', retryAfter: cause.retryAfter };
  return { fault: cause instanceof DefectError ? 'defect' : 'fault', ...(name !== undefined && { name }) };
}

/** The name of an error, if it is one; what a backend throws may be anything, and may defend itself. */
function nameOf(cause: unknown): string | undefined {
  try {
    const name = cause instanceof Error ? cause.name : '';
    return /^[A-Za-z]{1,40}$/.test(name) ? name : undefined;
  } catch {
    return undefined;
  }
}
