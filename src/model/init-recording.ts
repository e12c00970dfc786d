import type { JsonObject } from './json.js';

/** The version of the format that is written. */
export const RECORDING_VERSION = 1;

/** An answer of what the machine invoked, as far as the response depends on it. No secret and no claims are in it. */
export interface RecordedAnswer {
  /** Milliseconds from the start of the init. */
  at: number;
  from: RecordedActor;
  /** What it answered, by the rules of its port; `{ outcome: 'invalid' }` for what is of no declared shape. */
  answer: JsonObject & { outcome: string };
}

/** What the machine invoked failed. */
export interface RecordedFault {
  at: number;
  from: RecordedActor;
  /** `fault`: whatever a backend may throw. The others lead elsewhere: `OverloadedError`, `DefectError`. */
  fault: 'fault' | 'overloaded' | 'defect';
  /** The name of what was thrown, such as `TypeError`. Its message is not recorded: a backend may have put anything in it. */
  name?: string;
  /** Seconds, of an `overloaded`. */
  retryAfter?: number;
}

/** The init was ended from outside: its caller has gone, or the service shuts down. */
export interface RecordedCancel {
  at: number;
  from: 'caller';
  cancel: 'cancelled' | 'draining';
}

/** What the machine invokes, by the ids of its `invoke`s. */
export type RecordedActor = 'admit' | 'authenticate' | 'authorize' | 'establishSession';

/** What came to an init from outside. What did not answer before the end is absent, and deadlines follow from the rest. */
export type RecordedInput = RecordedAnswer | RecordedFault | RecordedCancel;

/**
 * One init, as JSON, from which it can be run again: what was asked, what came from outside and when, and what came of
 * it. No secret is in it. The inspector saves it, `recordInits` of `session-init/testing` collects it, `replay` runs it.
 */
export interface InitRecording {
  format: 'session-init/recording';
  version: typeof RECORDING_VERSION;
  /** The machine that ran: see `machineHash`. */
  machine: { id: string; hash: string };
  request: {
    username: string;
    ipAddress: string;
    /** What was wrong with it; it was refused as malformed. */
    problem?: string;
  };
  referenceId: string;
  /** Milliseconds. */
  deadlines: Readonly<Record<'request' | 'admission' | 'authentication' | 'authorization' | 'session', number>>;
  /** When it began and when it was answered, in milliseconds since the epoch. */
  startedAt: number;
  answeredAt: number;
  /** In the order of their coming. */
  inputs: readonly RecordedInput[];
  /** The states that it came through, the terminal one last, and when each was entered, in milliseconds from the start. */
  steps: readonly { state: string; at: number }[];
  /** The response as it is encoded, without the session's secret. */
  response: JsonObject;
}
