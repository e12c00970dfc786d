import type { Clock } from '../index.js';
import type { ActorSource } from './actor-source.js';
import type { BreakerSource } from './breaker-source.js';
import type { ConnectionSource } from './connection-source.js';
import type { InitSource } from './init-source.js';
import type { InspectedMachine, InspectorHello, InspectorMessage, InspectorUpdate } from './protocol.js';
import { PROTOCOL } from './protocol.js';

/** Milliseconds between two messages. */
const INTERVAL = 250;
/** Bytes that may wait for a viewer: beyond it, what is new is only counted for this viewer. */
const MAX_WAITING = 1_000_000;
/** Updates in a row that a viewer may miss, which is half a minute: then it is gone, or has to come again. */
const MAX_MISSED = 120;
const LAST_SLOTS = 2;

/** Where a page looks on: a WebSocket, for one. */
export interface Viewer {
  /** Bytes that it has not read yet. */
  readonly waiting: number;
  send(text: string): void;
  /** It has not read for too long. */
  drop(): void;
}

/** What a feed tells of. */
export interface FeedOptions {
  clock: Clock;
  inits: InitSource;
  actors: ActorSource;
  connections: ConnectionSource;
  breakers: BreakerSource;
  /** The machine that is shown now. */
  machine: () => InspectedMachine;
  sampling: number;
  /** The most inits that are shown in a second. */
  maxInitsPerSecond: number;
}

interface ViewerState {
  /** Inits that this viewer has not been shown. */
  skipped: number;
  missed: number;
}

/**
 * Tells viewers what is new, four times a second. Without a viewer it does nothing. It never waits for one: whoever
 * reads too slowly is told less.
 */
export class Feed {
  readonly #options: FeedOptions;
  readonly #viewers = new Map<Viewer, ViewerState>();
  #timer: unknown;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  add(viewer: Viewer): void {
    const { inits, actors } = this.#options;
    if (this.#viewers.size === 0) {
      inits.open(Math.ceil((this.#options.maxInitsPerSecond * INTERVAL) / 1_000));
      actors.open();
      this.#schedule();
    } else {
      // Those who are there get what is new before the one who comes, who gets everything.
      this.#tell();
    }
    this.#viewers.set(viewer, { skipped: 0, missed: 0 });
    this.#greet(viewer);
    // What has ended before is in what was just told.
    if (this.#viewers.size === 1) inits.take();
  }

  remove(viewer: Viewer): void {
    if (!this.#viewers.delete(viewer) || this.#viewers.size > 0) return;
    const { inits, actors, clock } = this.#options;
    clock.clearTimeout(this.#timer);
    inits.close();
    actors.close();
  }

  /** The machine is another one now. */
  renew(): void {
    if (this.#viewers.size > 0) this.#tell();
    for (const viewer of this.#viewers.keys()) if (viewer.waiting <= MAX_WAITING) this.#greet(viewer);
  }

  #greet(viewer: Viewer): void {
    const { inits, actors, connections, breakers } = this.#options;
    send(viewer, this.#hello());
    const all = { inits: inits.latest(), skipped: 0 };
    send(viewer, this.#update(all, { connections: connections.all(), breakers: breakers.all(), actors: actors.all() }));
  }

  #schedule(): void {
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#tell();
      if (this.#viewers.size > 0) this.#schedule();
    }, INTERVAL);
  }

  #tell(): void {
    const { inits, actors, connections, breakers } = this.#options;
    const rest = { connections: connections.take(), breakers: breakers.take(), actors: actors.take() };
    const update = this.#update(inits.take(), rest);
    const text = JSON.stringify(update);
    for (const [viewer, state] of [...this.#viewers]) {
      if (viewer.waiting > MAX_WAITING) {
        state.skipped += update.inits.length + update.skipped;
        state.missed++;
        if (state.missed > MAX_MISSED) viewer.drop();
        continue;
      }
      if (state.skipped === 0) viewer.send(text);
      else send(viewer, { ...update, skipped: update.skipped + state.skipped });
      state.skipped = 0;
      state.missed = 0;
    }
  }

  #hello(): InspectorHello {
    const { machine, sampling, inits } = this.#options;
    return { type: 'hello', protocol: PROTOCOL, machine: machine(), sampling, slots: inits.slots() };
  }

  #update(
    { inits, skipped }: Pick<InspectorUpdate, 'inits' | 'skipped'>,
    {
      connections,
      breakers,
      actors,
    }: { [Key in 'connections' | 'breakers' | 'actors']: InspectorUpdate[Key] | undefined },
  ): InspectorUpdate {
    const { clock, inits: source } = this.#options;
    const update: InspectorUpdate = {
      type: 'update',
      at: clock.now(),
      overview: source.overview(),
      inits,
      skipped,
      slots: source.slots(LAST_SLOTS),
    };
    if (connections !== undefined) update.connections = connections;
    if (breakers !== undefined) update.breakers = breakers;
    if (actors !== undefined) update.actors = actors;
    return update;
  }
}

function send(viewer: Viewer, message: InspectorMessage): void {
  viewer.send(JSON.stringify(message));
}
