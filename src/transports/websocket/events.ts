/** What a WebSocket transport tells, for logs and metrics. It holds no secret. */
export type WebSocketTransportEvent =
  | { type: 'connection.opened'; connectionId: string; ipAddress: string }
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

/** Calls a listener of the embedding service. What it throws is reported to itself, once. */
export function guardedTell(listener: Tell | undefined): Tell {
  if (listener === undefined) return () => {};
  return (event) => {
    try {
      listener(event);
    } catch (cause) {
      try {
        listener({ type: 'fault.reported', source: 'onEvent', cause });
      } catch {
        // There is nobody left to be told.
      }
    }
  };
}
