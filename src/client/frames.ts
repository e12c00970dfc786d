import { isJsonObject, own } from '../model/json.js';

/** A frame as it came: a JSON value, or something that is none. */
export type Frame = { readonly isJson: true; readonly value: unknown } | { readonly isJson: false };

/** The server has ended a session before its client was done with it. */
export interface SessionEnded {
  sessionId: number;
  /** Why: `removed`, `expired`, `evicted`. Another server may say something else. */
  cause: string;
}

/** Reads a text frame, or a binary one (an `ArrayBuffer`) as UTF-8. */
export function readFrame(data: unknown): Frame {
  try {
    const text =
      typeof data === 'string' ? data : new TextDecoder('utf-8', { fatal: true }).decode(data as ArrayBuffer);
    return { isJson: true, value: JSON.parse(text) };
  } catch {
    return { isJson: false };
  }
}

/** Reads the notification of a session's end. */
export function readSessionEnded(value: unknown): SessionEnded | undefined {
  if (!isJsonObject(value) || own(value, 'event') !== 'session_ended') return undefined;
  const sessionId = own(value, 'session_id');
  const cause = own(value, 'cause');
  if (!Number.isSafeInteger(sessionId)) return undefined;
  return { sessionId: sessionId as number, cause: typeof cause === 'string' ? cause : '' };
}

/** Whether a value has what tells an answer to an init from the own messages of a service. */
export function hasShapeOfAnswer(value: unknown): boolean {
  return isJsonObject(value) && Object.hasOwn(value, 'success') && Object.hasOwn(value, 'data');
}
