import type {
  ActorEvent,
  ActorSummary,
  BreakerSummary,
  Connections,
  InitSummary,
  InspectedMachine,
  InspectorHello,
  InspectorMessage,
  InspectorUpdate,
  OutcomeSlot,
  Overview,
} from '../protocol.js';

/** Inits that the page keeps. When there are a tenth more, the oldest go. */
const MAX_INITS = 200_000;
const MAX_ACTOR_EVENTS = 5_000;
const MAX_SLOTS = 180;

/** What the page knows. */
export class Store {
  machine: InspectedMachine | undefined;
  overview: Overview | undefined;
  sampling = 0;
  /** The oldest first. */
  inits: InitSummary[] = [];
  readonly initsById = new Map<string, InitSummary>();
  /** Inits that were only counted. */
  skipped = 0;
  readonly slots = new Map<number, OutcomeSlot>();
  connections: Connections | undefined;
  breakers: readonly BreakerSummary[] = [];
  readonly actors = new Map<string, ActorSummary>();
  /** Of their machines, by {@link ActorSummary.drawing}. */
  readonly drawings = new Map<string, InspectedMachine['graph']>();
  actorEvents: ActorEvent[] = [];
  /** When the latest message came, by the inspector's clock. */
  at = 0;
  /** Changes when inits were dropped, so that who has counted on them counts again. */
  generation = 0;

  take(message: InspectorMessage): void {
    if (message.type === 'hello') this.#begin(message);
    else this.#update(message);
  }

  addInits(inits: readonly InitSummary[]): void {
    for (const init of inits) {
      // After a reconnection, the latest come again.
      if (this.initsById.has(init.referenceId)) continue;
      this.initsById.set(init.referenceId, init);
      this.inits.push(init);
    }
    if (this.inits.length <= MAX_INITS * 1.1) return;
    const dropped = this.inits.slice(0, this.inits.length - MAX_INITS);
    this.inits = this.inits.slice(dropped.length);
    for (const { referenceId } of dropped) this.initsById.delete(referenceId);
    this.generation++;
  }

  #begin({ machine, sampling, slots }: InspectorHello): void {
    // After a reconnection it is most often the same, and need not be drawn again.
    if (this.machine?.version !== machine.version || this.machine.isOutline !== machine.isOutline)
      this.machine = machine;
    this.sampling = sampling;
    this.actors.clear();
    this.drawings.clear();
    this.actorEvents = [];
    this.slots.clear();
    for (const slot of slots) this.slots.set(slot.at, slot);
  }

  #update({ at, overview, inits, skipped, slots, connections, breakers, actors }: InspectorUpdate): void {
    this.at = at;
    this.overview = overview;
    this.addInits(inits);
    this.skipped += skipped;
    for (const slot of slots) this.slots.set(slot.at, slot);
    for (const old of [...this.slots.keys()].slice(0, -MAX_SLOTS)) this.slots.delete(old);
    if (connections !== undefined) this.connections = connections;
    if (breakers !== undefined) this.breakers = breakers;
    if (actors === undefined) return;
    for (const actor of actors.actors) this.actors.set(actor.id, actor);
    for (const [name, drawing] of Object.entries(actors.drawings ?? {})) this.drawings.set(name, drawing);
    for (const id of actors.forgotten) this.actors.delete(id);
    this.actorEvents.push(...actors.events);
    if (this.actorEvents.length > MAX_ACTOR_EVENTS) this.actorEvents = this.actorEvents.slice(-MAX_ACTOR_EVENTS);
  }
}
