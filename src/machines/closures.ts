/** How a connection is closed: a WebSocket close code (RFC 6455, section 7.4) and a text of at most 123 bytes. */
export interface Closure {
  readonly code: number;
  readonly reason: string;
}

/** Why the server closes a connection. This table is the one place where a cause is mapped to a close code. */
export const CLOSURES = {
  greetingTimedOut: { code: 1008, reason: 'No message came in time.' },
  malformed: { code: 1008, reason: 'Too many malformed requests in a row.' },
  stalled: { code: 1008, reason: 'What was sent is not being read.' },
  silent: { code: 1008, reason: 'A ping was not answered.' },
  idle: { code: 1000, reason: 'Idle for too long.' },
  draining: { code: 1001, reason: 'The service is shutting down.' },
  handlerTimedOut: { code: 1011, reason: 'The service did not handle a message in time.' },
  failed: { code: 1011, reason: 'The service failed.' },
  sessionEnded: { code: 4001, reason: 'The session has ended.' },
} as const satisfies Record<string, Closure>;
