import type { AnyActorRef, AnyStateMachine, InspectionEvent } from 'xstate';
import type { LaidOutGraph } from '../graph/laid-out-graph.js';
import type { Clock } from '../index.js';
import type { Drawings } from './drawings.js';
import { DrawnMachines } from './drawn-machines.js';
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
  /** The machine itself, if it is one of this process. */
  machine?: AnyStateMachine | undefined;
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
  readonly #machines: DrawnMachines;
  #drawn = new Set<string>();
  #forgotten: string[] = [];
  #events: ActorEvent[] = [];
  #skipped = 0;
  #isOpen = false;

  constructor(clock: Clock, drawings: Drawings) {
    this.#clock = clock;
    this.#machines = new DrawnMachines(drawings, (version) => this.#drawn.add(version));
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

  register({ id, name, parentId, definition, machine: itself, snapshot }: ToldActor): void {
    const machine = machineOutline(definition);
    const actor: ActorSummary = { id: cut(id), name: cut(name), status: 'active', states: [] };
    if (parentId !== undefined) actor.parentId = cut(parentId);
    if (machine !== undefined) {
      actor.machine = machine;
      const drawing = itself ? this.#machines.versionOf(itself) : this.#machines.versionOfTold(definition, machine);
      if (drawing !== undefined) {
        actor.drawing = drawing;
        if (this.#isOpen) this.#machines.draw(drawing);
      }
    }
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
    for (const { drawing } of this.#actors.values()) if (drawing !== undefined) this.#machines.draw(drawing);
  }

  /** Nobody looks any more. */
  close(): void {
    this.#isOpen = false;
    this.#events = [];
    this.#forgotten = [];
    this.#changed.clear();
    this.#drawn.clear();
  }

  /** All that is known, for somebody who has just come. */
  all(): ActorsUpdate {
    const actors = [...this.#actors.values()];
    const drawings = this.#drawings(actors.flatMap(({ drawing }) => drawing ?? []));
    return { actors, forgotten: [], events: [...this.#latest], skipped: 0, ...drawings };
  }

  /** What is new since the last call; undefined if nothing is. */
  take(): ActorsUpdate | undefined {
    const news = this.#changed.size + this.#events.length + this.#forgotten.length + this.#drawn.size;
    if (news === 0) return undefined;
    const actors = [...this.#changed].flatMap((id) => this.#actors.get(id) ?? []);
    const update = {
      ...{ actors, forgotten: this.#forgotten, events: this.#events, skipped: this.#skipped },
      ...this.#drawings([...this.#drawn]),
    };
    this.#drawn.clear();
    this.#changed.clear();
    this.#forgotten = [];
    this.#events = [];
    this.#skipped = 0;
    return update;
  }

  #drawings(versions: readonly string[]): Pick<ActorsUpdate, 'drawings'> {
    const drawings: Record<string, LaidOutGraph> = {};
    for (const version of new Set(versions)) {
      const drawing = this.#machines.drawingOf(version);
      if (drawing !== undefined) drawings[version] = drawing;
    }
    return Object.keys(drawings).length === 0 ? {} : { drawings };
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
    const { logic } = ref as unknown as { logic?: { config?: unknown; root?: unknown } };
    const definition = logic?.config;
    const machine = logic?.root === undefined ? undefined : (logic as AnyStateMachine);
    const parentId = ref._parent?.sessionId;
    const name = ref.id === ref.sessionId ? nameIn(definition, ref.id) : ref.id;
    this.register({ id: ref.sessionId, name, parentId, definition, machine, snapshot: ref.getSnapshot() });
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
