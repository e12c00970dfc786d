import { SessionInitError } from '../../model/errors.js';

/** What a WebSocket transport tells, for logs and metrics. It holds no secret. */
export type WebSocketTransportEvent =
  | { type: 'connection.opened'; connectionId: string; ipAddress: string }
  /** A client was sent a session over this connection. */
  | { type: 'connection.bound'; connectionId: string; ipAddress: string; sessionId: number; user: string }
  | {
      type: 'connection.closed';
      connectionId: string;
      ipAddress: string;
      /** The WebSocket close code; 1006 if the client was gone without one. */
      code: number;
      /** It may come from the client: escape it where it is shown. */
      reason: string;
    }
  /** No WebSocket came of a handshake. */
  | { type: 'handshake.refused'; ipAddress: string; status: number; cause: RefusalCause }
  /** A message that is no request for a session. Its sender has a `malformed_request` as the answer. */
  | { type: 'message.rejected'; connectionId: string; ipAddress: string; problem: string }
  /** `onMessage` threw. The client has got a generic error with this reference id. */
  | {
      type: 'handler.failed';
      connectionId: string;
      ipAddress: string;
      sessionId: number;
      referenceId: string;
      cause: unknown;
    }
  /** A session whose answer did not reach its client, and what became of its removal (promise P2). */
  | {
      type: 'session.withdrawn';
      sessionId: number;
      user: string;
      /** `superseded`: its secret opens nothing any more; it has ended, or is another client's, under another secret. */
      outcome: 'removed' | 'superseded' | 'retrying' | 'abandoned';
      /** How often the removal was tried. */
      attempts: number;
      /** Why the latest attempt failed. */
      cause?: unknown;
    }
  /** Something failed where no client could be told. */
  | { type: 'fault.reported'; source: string; cause: unknown };

/** Why a handshake was refused. */
export type RefusalCause = 'addressFull' | 'draining' | 'full' | 'noAddress' | 'origin' | 'path' | 'plaintext';

/** Tells an event. It never throws. */
export type Tell = (event: WebSocketTransportEvent) => void;

/**
 * Calls a listener of the embedding service. What it throws, or rejects with, is reported to itself, once. Without a
 * listener, what somebody must know is a warning of the process: a port that is in use would else be silence.
 */
export function guardedTell(listener: ((event: WebSocketTransportEvent) => unknown) | undefined): Tell {
  if (listener === undefined) return warn;
  const tell = (event: WebSocketTransportEvent, onFault: (cause: unknown) => void) => {
    try {
      const result = listener(event);
      if (result instanceof Promise) result.catch(onFault);
    } catch (cause) {
      onFault(cause);
    }
  };
  // Beyond that, there is nobody left to be told.
  return (event) => tell(event, (cause) => tell({ type: 'fault.reported', source: 'onEvent', cause }, () => {}));
}

function warn(event: WebSocketTransportEvent): void {
  if (event.type !== 'fault.reported' && event.type !== 'handler.failed') return;
  const what = event.type === 'handler.failed' ? 'onMessage failed' : `${event.source} failed`;
  const why = 'cause' in event && event.cause instanceof SessionInitError ? ` ${event.cause.message}` : '';
  process.emitWarning(`webSocketTransport: ${what}.${why} Its option onEvent tells more.`, 'SessionInitWarning');
}
