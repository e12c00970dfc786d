import type { AnyActorRef, InspectionEvent } from 'xstate';
import type { Clock } from '../index.js';
import { activeStates, machineOutline } from './machine-outline.js';
import type { ActorEvent, ActorSummary, ActorsUpdate } from './protocol.js';
import { safeText } from './safe-text.js';

const MAX_ACTORS = 1_000;
/** As many events are shown at each {@link ActorSource.take}. */
const MAX_EVENTS = 200;
const MAX_LATEST = 200;
const MAX_NAME = 200;
const MAX_DATA = 2_000;

/** An actor as XState or somebody else's inspector tells of it. */
export interface ToldActor {
  id: string;
  name: string;
  parentId?: string | undefined;
  /** What its machine was made from, if it is one. */
  definition?: unknown;
  snapshot?: unknown;
}

/** Gathers what actors of any XState system do. It keeps so many of them, and of those that go first the stopped ones. */
export class ActorSource {
  readonly #clock: Clock;
  readonly #actors = new Map<string, ActorSummary>();
  readonly #latest: ActorEvent[] = [];
  readonly #changed = new Set<string>();
  /** Root actors of this process, known while nobody looks, too. */
  readonly #roots = new Map<string, WeakRef<AnyActorRef>>();
  #forgotten: string[] = [];
  #events: ActorEvent[] = [];
  #skipped = 0;
  #isOpen = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What `createActor(…, { inspect })` calls. While nobody looks, it notes root actors, and does nothing else. */
  inspect(inspected: InspectionEvent): void {
    const ref = inspected.actorRef as AnyActorRef;
    if (inspected.type === '@xstate.actor' && ref._parent === undefined) this.#note(ref);
    if (!this.#isOpen) return;
    if (inspected.type === '@xstate.actor') this.#registerRef(ref);
    else if (inspected.type === '@xstate.event') {
      this.event(ref.sessionId, inspected.event, inspected.sourceRef?.sessionId);
    } else if (inspected.type === '@xstate.snapshot') {
      if (!this.#actors.has(ref.sessionId)) this.#registerRef(ref);
      this.snapshot(ref.sessionId, inspected.snapshot);
    }
  }

  register({ id, name, parentId, definition, snapshot }: ToldActor): void {
    const machine = machineOutline(definition);
    const actor: ActorSummary = { id: cut(id), name: cut(name), status: 'active', states: [] };
    if (parentId !== undefined) actor.parentId = cut(parentId);
    if (machine !== undefined) actor.machine = machine;
    this.#actors.delete(actor.id);
    this.#actors.set(actor.id, actor);
    this.#changed.add(actor.id);
    this.snapshot(id, snapshot);
    if (this.#actors.size > MAX_ACTORS) this.#forgetOne();
  }

  snapshot(actorId: string, snapshot: unknown): void {
    const actor = this.#actors.get(cut(actorId));
    if (actor === undefined || typeof snapshot !== 'object' || snapshot === null) return;
    const { status, value, context } = snapshot as Record<string, unknown>;
    if (typeof status === 'string') actor.status = cut(status);
    if (value !== undefined) actor.states = activeStates(value);
    if (context !== undefined) actor.context = safeText(context, MAX_DATA);
    this.#changed.add(actor.id);
  }

  event(actorId: string, event: unknown, sourceId: string | undefined): void {
    const { type, ...data } = (typeof event === 'object' && event !== null ? event : {}) as Record<string, unknown>;
    const told: ActorEvent = { at: this.#clock.now(), actorId: cut(actorId), type: cut(String(type)) };
    if (sourceId !== undefined) told.sourceId = cut(sourceId);
    if (Object.keys(data).length > 0) told.data = safeText(data, MAX_DATA);
    this.#latest.push(told);
    if (this.#latest.length > MAX_LATEST) this.#latest.shift();
    if (!this.#isOpen) return;
    if (this.#events.length < MAX_EVENTS) this.#events.push(told);
    else this.#skipped++;
  }

  /** Somebody looks. */
  open(): void {
    this.#isOpen = true;
    for (const [id, reference] of this.#roots) {
      const ref = reference.deref();
      if (ref === undefined) this.#roots.delete(id);
      else this.#registerTree(ref);
    }
  }

  /** Nobody looks any more. */
  close(): void {
    this.#isOpen = false;
    this.#events = [];
    this.#forgotten = [];
    this.#changed.clear();
  }

  /** All that is known, for somebody who has just come. */
  all(): ActorsUpdate {
    return { actors: [...this.#actors.values()], forgotten: [], events: [...this.#latest], skipped: 0 };
  }

  /** What is new since the last call; undefined if nothing is. */
  take(): ActorsUpdate | undefined {
    if (this.#changed.size + this.#events.length + this.#forgotten.length === 0) return undefined;
    const actors = [...this.#changed].flatMap((id) => this.#actors.get(id) ?? []);
    const update = { actors, forgotten: this.#forgotten, events: this.#events, skipped: this.#skipped };
    this.#changed.clear();
    this.#forgotten = [];
    this.#events = [];
    this.#skipped = 0;
    return update;
  }

  #note(ref: AnyActorRef): void {
    this.#roots.set(ref.sessionId, new WeakRef(ref));
    if (this.#roots.size <= MAX_ACTORS) return;
    const [oldest] = this.#roots.keys();
    if (oldest !== undefined) this.#roots.delete(oldest);
  }

  #registerTree(ref: AnyActorRef): void {
    this.#registerRef(ref);
    const { children = {} } = ref.getSnapshot() ?? {};
    for (const child of Object.values(children as Record<string, AnyActorRef | undefined>)) {
      if (child !== undefined) this.#registerTree(child);
    }
  }

  #registerRef(ref: AnyActorRef): void {
    const definition = (ref as unknown as { logic?: { config?: unknown } }).logic?.config;
    const parentId = ref._parent?.sessionId;
    const name = ref.id === ref.sessionId ? nameIn(definition, ref.id) : ref.id;
    this.register({ id: ref.sessionId, name, parentId, definition, snapshot: ref.getSnapshot() });
  }

  #forgetOne(): void {
    const all = [...this.#actors.values()];
    const gone = all.find(({ status }) => status !== 'active') ?? all[0];
    if (gone === undefined) return;
    this.#actors.delete(gone.id);
    this.#changed.delete(gone.id);
    if (this.#isOpen) this.#forgotten.push(gone.id);
  }
}

function nameIn(definition: unknown, otherwise: string): string {
  const id = (definition as { id?: unknown } | undefined)?.id;
  return typeof id === 'string' ? id : otherwise;
}

function cut(text: string): string {
  return text.length > MAX_NAME ? `${text.slice(0, MAX_NAME)}…` : text;
}
