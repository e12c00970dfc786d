import { WebSocket } from 'ws';
import type { AnyActorRef, InspectionEvent } from 'xstate';
import { type Clock, ConfigurationError, systemClock } from '../index.js';
import type { InspectableOrchestrator } from './init-source.js';
import { InitTrace } from './init-trace.js';

/** The version of the format, as `@statelyai/inspect` gives it. */
const FORMAT = '0.7.2';
const RECONNECT = 5_000;
const MAX_WAITING = 1_000_000;

/** Options of {@link sendToStately}. */
export interface SendToStatelyOptions {
  /** A WebSocket that takes the events: `createInspectorServer()` of `@statelyai/inspect/server` is one. */
  url: string;
  /** Inits in a second that are shown. @defaultValue 20 */
  sampling?: number;
  /** @defaultValue {@link systemClock} */
  clock?: Clock;
}

/**
 * Sends the inits of an orchestrator, or a sample of them, to Stately's inspector, in the format of `@statelyai/inspect`:
 * their states and their events, and neither secrets nor what a backend answered. If it cannot connect, it tries again.
 * Who reads too slowly is sent less.
 *
 * @returns a function that ends it
 * @throws ConfigurationError if the address is none of a WebSocket
 */
export function sendToStately(orchestrator: InspectableOrchestrator, options: SendToStatelyOptions): () => void {
  const { url, sampling = 20, clock = systemClock } = options;
  if (!URL.canParse(url) || !/^wss?:$/.test(new URL(url).protocol)) {
    throw new ConfigurationError('url must be the address of a WebSocket, such as ws://localhost:8080.');
  }
  let webSocket: WebSocket | undefined;
  let timer: unknown;
  let isEnded = false;
  let budget = { second: -1, left: 0 };

  function connect(): void {
    webSocket = new WebSocket(url);
    // It is followed by `close`.
    webSocket.on('error', () => {});
    webSocket.once('close', () => {
      if (!isEnded) timer = clock.setTimeout(connect, RECONNECT);
    });
  }

  function samples(): boolean {
    if (webSocket?.readyState !== WebSocket.OPEN || webSocket.bufferedAmount > MAX_WAITING) return false;
    const second = Math.floor(clock.monotonic() / 1_000);
    if (budget.second !== second) budget = { second, left: sampling };
    return budget.left-- > 0;
  }

  const end = orchestrator.inspect({
    samples,
    inspect: (inspected, referenceId) => {
      const event = statelyEvent(inspected, referenceId, clock);
      if (event !== undefined && webSocket?.readyState === WebSocket.OPEN)
        webSocket.send(JSON.stringify(event), () => {});
    },
  });
  connect();
  return () => {
    isEnded = true;
    end();
    clock.clearTimeout(timer);
    webSocket?.close();
  };
}

/** An event as `@statelyai/inspect` writes it, of an init's root actor. Others are named in its events. */
function statelyEvent(inspected: InspectionEvent, referenceId: string, clock: Clock): object | undefined {
  const { actorRef, rootId, type } = inspected;
  const { sessionId } = actorRef;
  if (sessionId !== rootId) return undefined;
  const common = { type, sessionId, rootId, id: null, createdAt: String(clock.now()), _version: FORMAT };
  if (type === '@xstate.actor') {
    const { logic } = actorRef as unknown as AnyActorRef & { logic: { config: object } };
    const snapshot = { status: 'active', context: { referenceId } };
    return { ...common, name: `sessionInit ${referenceId}`, definition: definitionOf(logic.config), snapshot };
  }
  if (type === '@xstate.event') {
    return { ...common, event: { type: inspected.event.type }, sourceId: inspected.sourceRef?.sessionId };
  }
  if (type !== '@xstate.snapshot') return undefined;
  const trace = new InitTrace(() => 0);
  trace.add(inspected);
  const { status } = inspected.snapshot;
  const [{ state = '', says, type: eventType = '' } = {}] = trace.events;
  const event = { type: eventType, ...(says !== undefined && { says }) };
  const output = trace.response;
  return { ...common, event, snapshot: { status, value: state, context: { referenceId }, ...(output && { output }) } };
}

/** What a machine was made from, with each function by its name. */
function definitionOf(config: object): string {
  return JSON.stringify(config, (_key, value) => (typeof value === 'function' ? { type: value.name } : value));
}
