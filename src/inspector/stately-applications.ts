import type { WebSocket } from 'ws';
import type { Clock } from '../index.js';
import type { ActorSource } from './actor-source.js';
import { MessageBudget, statelyReceiver } from './stately-events.js';

const MAX_APPLICATIONS = 16;

/** Applications that show their actors by `createWebSocketInspector()` of `@statelyai/inspect`. They are told nothing. */
export class StatelyApplications {
  readonly #source: ActorSource;
  readonly #clock: Clock;
  #open = 0;
  #ever = 0;

  constructor(source: ActorSource, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
  }

  accept(webSocket: WebSocket): void {
    webSocket.on('error', () => webSocket.terminate());
    if (this.#open >= MAX_APPLICATIONS) {
      webSocket.close(1013, 'too many applications');
      return;
    }
    this.#open++;
    webSocket.once('close', () => this.#open--);
    // Ids of actors are unique in an application only.
    const receive = statelyReceiver(this.#source, `app-${++this.#ever}`);
    const budget = new MessageBudget();
    webSocket.on('message', (data) => {
      if (!budget.allows(this.#clock.monotonic())) return;
      const problem = receive(String(data));
      if (problem !== undefined) webSocket.close(1008, problem);
    });
  }
}
