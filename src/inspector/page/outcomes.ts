/** How an init can end, as it is shown. */
export interface Outcome {
  /** As in the response; empty for success. */
  reason: string;
  label: string;
  kind: 'success' | 'denial' | 'fault';
}

/** In the order in which a chart stacks them. */
export const OUTCOMES: readonly Outcome[] = [
  { reason: '', label: 'Session established', kind: 'success' },
  { reason: 'AUTHENTICATION_DENIED', label: 'Authentication denied', kind: 'denial' },
  { reason: 'USER_NOT_AUTHORIZED', label: 'User not authorized', kind: 'denial' },
  { reason: 'OTHER', label: 'Refused', kind: 'denial' },
  { reason: 'AUTH_ATTEMPT_TIMEOUT', label: 'A check timed out', kind: 'fault' },
  { reason: 'REQUEST_TIMED_OUT', label: 'Request timed out', kind: 'fault' },
  { reason: 'AUTHENTICATION_SYS_FAIL', label: 'Authenticator failed', kind: 'fault' },
  { reason: 'SESSION_MANAGER_FAIL', label: 'Session manager failed', kind: 'fault' },
  { reason: 'SESSION_DETAILS_MISSING', label: 'Session details missing', kind: 'fault' },
  { reason: 'UNKNOWN', label: 'Defect', kind: 'fault' },
];

/** How an init with this reason is shown. */
export function outcomeOf(reason: string | undefined): Outcome {
  const found = OUTCOMES.find((outcome) => outcome.reason === (reason ?? ''));
  return found ?? { reason: reason ?? '', label: reason ?? '', kind: 'fault' };
}

/** The class that gives an outcome its colour. */
export function outcomeClass({ reason }: Outcome): string {
  return `outcome-${reason === '' ? 'success' : reason.toLowerCase().replaceAll('_', '-')}`;
}
