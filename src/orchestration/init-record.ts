import type { SessionInitResult, Step } from '../machines/run-session-init.js';
import type { TerminalState } from '../machines/terminal-states.js';
import type { PathStep } from '../model/backend-path.js';
import { FailedSessionInitInfo } from '../model/failed-session-init-info.js';
import type { FailureReason } from '../model/failure-reason.js';
import { FullAuthSession } from '../model/session.js';

/** How an init went: one for each, for audit and metrics. It holds no secret. */
export interface InitRecord {
  referenceId: string;
  /** The terminal state. */
  state: TerminalState;
  /** Only of a failure. */
  reason?: FailureReason;
  /** Only of a failure. */
  code?: string;
  /** The user name as it was asserted; empty if there was none. It comes from outside: escape it where it is shown. */
  username: string;
  /** Who it is, once authenticated. */
  user?: string;
  ipAddress: string;
  /** Only of a success. */
  sessionId?: number;
  /** When it began, in milliseconds since the epoch. */
  startedAt: number;
  /** Milliseconds that the whole took. */
  duration: number;
  /** Milliseconds that it spent in each state: `{ admitting: 0.1, authenticating: 18.2, … }`. */
  phases: Readonly<Record<string, number>>;
  /** Which backends of the authenticator said what, and in how long, if it is made of several. For the operator only. */
  path?: readonly PathStep[];
  /** The full cause of a failure: a denial's cause, or what a backend threw. For the operator only. */
  cause?: unknown;
}

/** What is known of an init beside its result. */
export interface InitOrigin {
  referenceId: string;
  ipAddress: string;
  startedAt: number;
}

export function recordInit(origin: InitOrigin, result: SessionInitResult): InitRecord {
  const { response, state, steps, context, defect } = result;
  const { data } = response;
  const record: InitRecord = {
    referenceId: origin.referenceId,
    state,
    username: context?.request.username ?? '',
    ipAddress: context?.ipAddress || origin.ipAddress,
    startedAt: origin.startedAt,
    duration: steps.at(-1)?.at ?? 0,
    phases: phasesOf(steps),
  };
  if (context?.identity !== undefined) record.user = context.identity.user;
  if (data instanceof FullAuthSession) record.sessionId = data.session_id;
  if (data instanceof FailedSessionInitInfo) {
    record.reason = data.reason;
    if (data.code !== undefined) record.code = data.code;
  }
  if (context?.path !== undefined) record.path = context.path;
  const cause = defect ?? context?.failure?.cause;
  if (cause !== undefined) record.cause = cause;
  return record;
}

function phasesOf(steps: readonly Step[]): Record<string, number> {
  const phases: Record<string, number> = {};
  for (let next = 1; next < steps.length; next++) {
    const step = steps[next - 1] as Step;
    phases[step.state] = (steps[next] as Step).at - step.at;
  }
  return phases;
}
