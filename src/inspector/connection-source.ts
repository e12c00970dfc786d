import type { Clock } from '../index.js';
import { describeCause } from '../server/logging/describe-cause.js';
import type { WebSocketTransportEvent } from '../transports/websocket.js';
import type { ConnectionNote, Connections, OpenConnection } from './protocol.js';
import { shortened } from './shortened.js';

const MAX_SHOWN = 200;
const MAX_NOTES = 100;
const MAX_TEXT = 300;

/** Keeps what is open on a transport, and the latest of what happened there. */
export class ConnectionSource {
  readonly #clock: Clock;
  readonly #open = new Map<string, OpenConnection>();
  readonly #notes: ConnectionNote[] = [];
  readonly #totals = { opened: 0, closed: 0, refused: 0, rejected: 0, failed: 0 };
  #hasChanged = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(event: WebSocketTransportEvent): void {
    this.#hasChanged = true;
    const at = this.#clock.now();
    switch (event.type) {
      case 'connection.opened': {
        const { connectionId, ipAddress } = event;
        this.#totals.opened++;
        this.#open.set(connectionId, { connectionId, ipAddress, openedAt: at });
        break;
      }
      case 'connection.bound': {
        const open = this.#open.get(event.connectionId);
        if (open !== undefined) open.user = shortened(event.user);
        break;
      }
      case 'connection.closed':
        this.#totals.closed++;
        this.#open.delete(event.connectionId);
        this.#note(event, `code ${event.code}${event.reason === '' ? '' : `: ${event.reason}`}`);
        break;
      case 'handshake.refused':
        this.#totals.refused++;
        this.#note(event, `${event.cause}, answered with ${event.status}`);
        break;
      case 'message.rejected':
        this.#totals.rejected++;
        this.#note(event, event.problem);
        break;
      case 'session.withdrawn':
        this.#note(event, `session ${event.sessionId}: ${event.outcome}, after ${event.attempts} attempts`);
        break;
      default:
        this.#totals.failed++;
        this.#note(event, describeCause(event.cause));
    }
  }

  /** All that is known; undefined if there is no transport that tells of its connections. */
  all(): Connections | undefined {
    if (this.#totals.opened + this.#totals.refused === 0) return undefined;
    const open = [...this.#open.values()].slice(0, MAX_SHOWN);
    return { open, count: this.#open.size, totals: { ...this.#totals }, notes: [...this.#notes] };
  }

  /** The same, if anything has changed since the last call. */
  take(): Connections | undefined {
    if (!this.#hasChanged) return undefined;
    this.#hasChanged = false;
    return this.all();
  }

  #note(event: WebSocketTransportEvent, text: string): void {
    const ipAddress = 'ipAddress' in event ? event.ipAddress : '';
    this.#notes.push({ at: this.#clock.now(), type: event.type, ipAddress, text: text.slice(0, MAX_TEXT) });
    if (this.#notes.length > MAX_NOTES) this.#notes.shift();
  }
}
