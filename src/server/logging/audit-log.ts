import type { InitRecord, PathStep, SessionOrchestrator } from '../../index.js';
import { auditEventOf } from './audit-events.js';
import { describeCause, stackOf } from './describe-cause.js';
import type { Logger } from './logger.js';
import { printable } from './printable.js';

/** As many characters as a user name may have. */
const MAX_NAME_LENGTH = 255;

/**
 * Logs what an orchestrator does: one line for each init (ASVS 16.3.1), each session that ends before its client is
 * done with it, each session that was created for nobody, and each fault in the background. No line holds a secret, and
 * nothing that came from outside can forge one.
 *
 * @returns a function that ends it
 */
export function logAudit(orchestrator: Pick<SessionOrchestrator, 'on'>, logger: Logger): () => void {
  const subscriptions = [
    orchestrator.on('init.completed', (record) => {
      const { event, level, outcome } = auditEventOf(record);
      logger[level]({ event, outcome, ...fieldsOf(record) }, MESSAGES[outcome]);
    }),
    orchestrator.on('session.ended', ({ sessionId, cause, endedBy }) => {
      // That node logs it.
      if (endedBy === 'anotherNode') return;
      logger.info({ event: 'session_expired', session_id: sessionId, reason: cause }, 'A session has ended.');
    }),
    orchestrator.on('session.orphaned', ({ sessionId, user, referenceId, outcome, attempts, cause }) => {
      const fields = {
        event: 'session_orphaned',
        outcome,
        session_id: sessionId,
        user: printable(user, MAX_NAME_LENGTH),
        reference_id: referenceId,
        attempts,
        ...(cause !== undefined && { cause: describeCause(cause) }),
      };
      logger[ORPHAN_LEVELS[outcome]](fields, 'A session was created for nobody.');
    }),
    orchestrator.on('fault.reported', ({ source, cause }) => {
      const fields = { event: 'sys_fault', source, cause: describeCause(cause), stack: stackOf(cause) };
      logger.error(fields, 'Something failed in the background.');
    }),
  ];
  return () => {
    for (const unsubscribe of subscriptions) unsubscribe();
  };
}

const ORPHAN_LEVELS = { removed: 'info', superseded: 'info', retrying: 'warn', abandoned: 'error' } as const;

const MESSAGES = {
  success: 'A session was established.',
  failure: 'A session was not granted.',
  fault: 'A session could not be granted, since something failed.',
};

function fieldsOf(record: InitRecord): object {
  return {
    state: record.state,
    ...(record.reason !== undefined && { reason: record.reason }),
    ...(record.code !== undefined && { code: record.code }),
    user: printable(record.username, MAX_NAME_LENGTH),
    ...(record.user !== undefined && { identity: printable(record.user, MAX_NAME_LENGTH) }),
    address: printable(record.ipAddress, MAX_NAME_LENGTH),
    reference_id: record.referenceId,
    ...(record.sessionId !== undefined && { session_id: record.sessionId }),
    started: new Date(record.startedAt).toISOString(),
    total_ms: tenths(record.duration),
    phases_ms: Object.fromEntries(Object.entries(record.phases).map(([state, spent]) => [state, tenths(spent)])),
    ...(record.path !== undefined && { path: record.path.map(stepOf) }),
    ...(record.cause !== undefined && { cause: describeCause(record.cause) }),
    // Any other code says what failed; a defect has to be found.
    ...(record.code === 'unknown' && { stack: stackOf(record.cause) }),
  };
}

function stepOf({ backend, outcome, cause, milliseconds, path }: PathStep): object {
  return {
    backend: printable(backend, MAX_NAME_LENGTH),
    outcome,
    ...(cause !== undefined && { cause: printable(cause, MAX_NAME_LENGTH) }),
    ms: tenths(milliseconds),
    ...(path !== undefined && { path: path.map(stepOf) }),
  };
}

function tenths(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}
