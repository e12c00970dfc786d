import type { Clock } from '../../model/clock.js';
import { ActionScope } from './action-scope.js';
import { DelayedEvent } from './delayed-event.js';
import { PromiseCall } from './promise-call.js';
import type { ActionFunction, ActionTarget, MachineEvent, Scope, State, Tables, Timer, Transition } from './tables.js';

/** Who is told of an execution. None of these may throw. */
export interface ExecutionObserver {
  /** After each event, whether the state has changed or not. */
  next(state: string): void;
  emit(event: MachineEvent): void;
  complete(): void;
  error(error: unknown): void;
  /** Something asks for a part of XState's actor, which the compiler could not foresee: this machine needs the actor. */
  lacks(feature: string): void;
}

const NOTHING: readonly never[] = [];

/** What an event sets off outside: something to do, and to what. Two things, so that none of them needs a closure. */
type Effect<Subject> = (subject: Subject) => void;

/** Lists of effects that no step needs at the moment: a step that waits for its promises keeps none. */
const SPARE: unknown[][] = [];

const startIt = (it: DelayedEvent | PromiseCall) => it.start();
const stopIt = (it: DelayedEvent | PromiseCall) => it.stop();

/**
 * Runs a compiled machine as XState's actor runs the machine itself: the same things in the same order, on the same turn
 * of the event loop. It takes one event at a time, to the next stable state. What an event sets off outside (timers,
 * promises that start or are aborted, emissions) waits until the step is complete, in the order in which it was set off.
 */
export class Execution implements ActionTarget {
  readonly #tables: Tables;
  readonly #clock: Clock;
  readonly #observer: ExecutionObserver;
  /** Events that came while another one was handled. */
  readonly #mailbox: MachineEvent[] = [];
  /** What waits for the end of the step, each effect before its subject; there is a list only while something does. */
  #effects: unknown[] | undefined;
  #effectCount = 0;
  /** What actions do while the machine is starting. */
  #startEffects: (() => void)[] | undefined;
  #rootTimers: readonly DelayedEvent[] = NOTHING;
  /** Of the current state. */
  #timers: readonly DelayedEvent[] = NOTHING;
  /** Of states that this step has left. */
  #leftTimers: readonly DelayedEvent[] = NOTHING;
  #calls: readonly PromiseCall[] = NOTHING;
  #state: State;
  #status: 'starting' | 'active' | 'done' | 'error' = 'starting';
  #isBusy = true;
  #output: unknown;

  context: object = {};

  constructor(tables: Tables, clock: Clock, observer: ExecutionObserver) {
    this.#tables = tables;
    this.#clock = clock;
    this.#observer = observer;
    this.#state = tables.initial;
  }

  get state(): string {
    return this.#state.key;
  }

  get output(): unknown {
    return this.#output;
  }

  /** Enters the initial state, and goes on to the first stable one. */
  start(input: unknown): this {
    const event = { type: 'xstate.init', input };
    let before = this.context;
    try {
      before = this.context = this.#tables.createContext({ input });
      this.#rootTimers = this.#setTimers(this.#tables.timers, event);
      this.#enter(this.#tables.initial, event);
      this.#settle(event);
    } catch (error) {
      this.#undoStep(before);
      this.#fail(error);
      return this;
    }
    // A quirk to keep: the promises of the first stable state start before anything that its entry actions do.
    for (const call of this.#calls) call.start();
    this.#conclude();
    this.#drainMailbox();
    return this;
  }

  send(event: MachineEvent): void {
    if (this.#isBusy) {
      this.#mailbox.push(event);
    } else if (this.#status === 'active') {
      this.#isBusy = true;
      this.#process(event);
      this.#drainMailbox();
    }
  }

  lacks(feature: string): never {
    this.#observer.lacks(feature);
    throw new Error(`The compiled engine has no ${feature}. XState's own actor runs this machine from now on.`);
  }

  perform(action: ActionFunction, scope: Scope, params: unknown): void {
    if (this.#status !== 'starting') {
      action(scope, params);
      return;
    }
    this.#startEffects ??= [];
    this.#startEffects.push(() => action(scope, params));
  }

  emit(event: MachineEvent): void {
    this.#defer((emitted) => this.#observer.emit(emitted), event);
  }

  #drainMailbox(): void {
    for (let event = this.#mailbox.shift(); event !== undefined; event = this.#mailbox.shift()) this.#process(event);
    this.#isBusy = false;
  }

  #process(event: MachineEvent): void {
    if (this.#status !== 'active') return;
    const before = this.context;
    try {
      this.#step(event);
    } catch (error) {
      this.#undoStep(before);
      this.#fail(error);
      return;
    }
    this.#conclude();
  }

  /** Everything that an event leads to, up to a stable state. */
  #step(event: MachineEvent): void {
    const transition = this.#select(this.#state, event) ?? this.#select(this.#tables, event);
    if (transition !== undefined) this.#take(transition, event);
    else if (event.type.startsWith('xstate.error.actor')) {
      for (const call of this.#calls) call.stop();
      throw event['error'];
    }
    this.#settle(event);
  }

  #settle(event: MachineEvent): void {
    while (!this.#state.isFinal) {
      const transition = this.#state.always.find((it) => isEnabled(it, this.context, event));
      if (transition === undefined) return;
      this.#take(transition, event);
    }
  }

  #select({ id, transitions }: Pick<State, 'id' | 'transitions'>, event: MachineEvent): Transition | undefined {
    for (const transition of transitions.get(event.type) ?? NOTHING) {
      try {
        if (isEnabled(transition, this.context, event)) return transition;
      } catch (error) {
        const guard = transition.guardName === undefined ? '' : `'${transition.guardName}' `;
        const { message } = error as Error;
        throw new Error(
          `Unable to evaluate guard ${guard}in transition for event '${event.type}' in state node '${id}':\n${message}`,
        );
      }
    }
    return undefined;
  }

  #take(transition: Transition, event: MachineEvent): void {
    const { actions, target, leaves } = transition;
    if (leaves) this.#exit(event);
    for (const action of actions) action(this, event);
    if (leaves && target !== undefined) this.#enter(target, event);
  }

  #exit(event: MachineEvent): void {
    for (const action of this.#state.exit) action(this, event);
    for (const timer of this.#timers) this.#defer(stopIt, timer);
    for (const call of this.#calls) {
      if (call.isRunning) this.#defer(stopIt, call);
      else call.stop();
    }
    this.#leftTimers = this.#leftTimers === NOTHING ? this.#timers : [...this.#leftTimers, ...this.#timers];
    this.#timers = NOTHING;
    this.#calls = NOTHING;
  }

  #enter(state: State, event: MachineEvent): void {
    this.#state = state;
    for (const action of state.entry) action(this, event);
    if (state.timers.length > 0) this.#timers = this.#setTimers(state.timers, event);
    if (state.invocations.length > 0) {
      this.#calls = state.invocations.map((invocation) => {
        const input = invocation.input(new ActionScope(this, event));
        const call = new PromiseCall(invocation, input, this);
        this.#defer(startIt, call);
        return call;
      });
    }
    if (!state.isFinal) return;
    const done = { type: `xstate.done.state.${state.id}`, output: undefined };
    this.#output = this.#tables.output?.(new ActionScope(this, done));
    for (const action of state.exit) action(this, event);
  }

  #setTimers(timers: readonly Timer[], event: MachineEvent): readonly DelayedEvent[] {
    return timers.map(({ delay, event: after }) => {
      const milliseconds = delay(new ActionScope(this, event));
      // XState takes what is no number for an event to raise at once.
      if (typeof milliseconds !== 'number') this.lacks('a delay that is no number');
      const timer = new DelayedEvent(this, after, this.#clock, milliseconds);
      this.#defer(startIt, timer);
      return timer;
    });
  }

  /** Puts off an effect to the end of the step. */
  #defer<Subject>(effect: Effect<Subject>, subject: Subject): void {
    this.#effects ??= SPARE.pop() ?? [];
    this.#effects[this.#effectCount] = effect;
    this.#effects[this.#effectCount + 1] = subject;
    this.#effectCount += 2;
  }

  /** The step is complete: its effects happen, and whoever observes is told. */
  #conclude(): void {
    if (this.#status === 'starting') this.#status = 'active';
    try {
      this.#happen();
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#forgetEffects();
    this.#leftTimers = NOTHING;
    this.#observer.next(this.#state.key);
    if (!this.#state.isFinal) return;
    this.#status = 'done';
    this.#close();
    this.#observer.complete();
  }

  #happen(): void {
    // While starting, what actions do comes before everything else.
    for (const effect of this.#startEffects ?? NOTHING) effect();
    // An effect may put off another one.
    for (let next = 0; next < this.#effectCount; next += 2) {
      const effects = this.#effects as unknown[];
      (effects[next] as Effect<unknown>)(effects[next + 1]);
    }
  }

  /** Half a step is none. */
  #undoStep(before: object): void {
    this.context = before;
    this.#output = undefined;
  }

  /** The machine threw. Like XState's actor it leaves its promises alone, whose results nobody will hear of. */
  #fail(error: unknown): void {
    this.#status = 'error';
    this.#close();
    this.#observer.error(error);
  }

  #close(): void {
    stopAll(this.#rootTimers);
    stopAll(this.#leftTimers);
    stopAll(this.#timers);
    this.#forgetEffects();
  }

  #forgetEffects(): void {
    this.#startEffects = undefined;
    if (this.#effects === undefined) return;
    this.#effects.fill(undefined, 0, this.#effectCount);
    SPARE.push(this.#effects);
    this.#effects = undefined;
    this.#effectCount = 0;
  }
}

function stopAll(timers: readonly DelayedEvent[]): void {
  for (const timer of timers) timer.stop();
}

function isEnabled({ guard }: Transition, context: object, event: MachineEvent): boolean {
  return guard === undefined || guard({ context, event });
}
