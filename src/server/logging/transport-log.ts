import type { WebSocketTransportEvent } from '../../transports/websocket.js';
import { describeCause } from './describe-cause.js';
import type { Logger } from './logger.js';
import { printable } from './printable.js';

/** Logs what happens on a transport. What an init comes to is in its own line, which `logAudit` writes. */
export function transportLog(logger: Logger): (event: WebSocketTransportEvent) => void {
  return (event) => {
    switch (event.type) {
      case 'connection.opened':
        logger.debug({ event: 'connection_opened', ...fieldsOf(event) }, 'A connection was opened.');
        break;
      case 'connection.bound':
        logger.debug({ event: 'connection_bound', ...fieldsOf(event) }, 'A session was sent over a connection.');
        break;
      case 'connection.closed':
        logger.debug({ event: 'connection_closed', ...fieldsOf(event) }, 'A connection was closed.');
        break;
      case 'handshake.refused':
        logger.info({ event: 'handshake_refused', ...fieldsOf(event) }, 'A connection was refused.');
        break;
      case 'message.rejected':
        logger.debug({ event: 'message_rejected', ...fieldsOf(event) }, 'A message is no request for a session.');
        break;
      case 'session.withdrawn': {
        const level = event.outcome === 'abandoned' ? 'error' : 'warn';
        logger[level]({ event: 'session_withdrawn', ...fieldsOf(event) }, 'An answer did not reach its client.');
        break;
      }
      case 'handler.failed':
      case 'fault.reported':
        logger.error({ event: 'sys_fault', ...fieldsOf(event) }, 'Something failed in the background.');
        break;
    }
  };
}

/** The fields of an event, named as in the rest of the log, with nothing in them that could forge a line. */
function fieldsOf(event: WebSocketTransportEvent): Record<string, unknown> {
  const { type: _, ...fields } = event;
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      NAMES[name] ?? name,
      name === 'cause' && typeof value !== 'string' ? describeCause(value) : text(value),
    ]),
  );
}

const NAMES: Readonly<Record<string, string>> = {
  connectionId: 'connection_id',
  sessionId: 'session_id',
  referenceId: 'reference_id',
  ipAddress: 'address',
};

function text(value: unknown): unknown {
  return typeof value === 'string' ? printable(value, 1_000) : value;
}
