import {
  type Backends,
  createSessionOrchestrator,
  type Deadlines,
  type FaultReport,
  type InitRecord,
  memorySessionManager,
  type OrphanReport,
  type SessionEnded,
  type SessionLifetimeOptions,
  type SessionOrchestrator,
  type SessionOrchestratorOptions,
} from '../../index.js';
import type { Clock } from '../../model/clock.js';
import { type SimulatedClock, simulatedClock } from '../simulated-clock.js';
import { type Gatekeeper, gatedBackends, secretOf } from './gated-backends.js';
import type { Deed, Setting } from './script.js';
import { SessionBook } from './session-book.js';
import { type InitStory, isUnanswered, type OpenCall, type Violation } from './story.js';

/** Of every orchestrator that is explored, in milliseconds. */
export const DEADLINES: Deadlines = {
  request: 1_200,
  admission: 500,
  authentication: 500,
  authorization: 500,
  session: 500,
};

/** It must not pass during a run: what is counted is compared with all that was ever denied. */
const THROTTLE_WINDOW = 7 * 86_400_000;

/** After ten failures a removal is given up, which is no broken promise: the session ends by its idle time-out. */
const MOST_FAILING_REMOVALS = 9;

/** Makes the backends of one run, on its clock. They must work in memory, or a script would not play twice the same. */
export type MakeBackends = (clock: Clock, limits: SessionLifetimeOptions) => Partial<Backends>;

/** What a user of the explorer may put in. */
export interface WorldOptions {
  backends?: MakeBackends | undefined;
  /** Options of the orchestrators that are explored, beside those that a script sets. */
  orchestrator?: Pick<SessionOrchestratorOptions, 'machine'> | undefined;
}

/** A drain that the script has asked for. */
export interface DrainStory {
  readonly startedAt: number;
  readonly deadline: number;
  readonly underWay: number;
  outcome?: { finished: number; cancelled: number };
}

/** An orchestrator, its backends, its callers and its time, of which a script decides what happens next. */
export class World implements Gatekeeper {
  readonly clock: SimulatedClock = simulatedClock();
  readonly setting: Setting;
  readonly stories = new Map<string, InitStory>();
  readonly calls = new Set<OpenCall>();
  readonly violations: Violation[] = [];
  readonly records: InitRecord[] = [];
  readonly orphans: OrphanReport[] = [];
  readonly faults: FaultReport[] = [];
  readonly ended: SessionEnded[] = [];
  readonly book: SessionBook;
  readonly store: Backends['sessionManager'];
  readonly orchestrator: SessionOrchestrator;
  drain: DrainStory | undefined;
  /** How many timers have fired. */
  #fired = 0;
  #failingRemovals = 0;
  #removalsToFail = 0;
  readonly #byAddress = new Map<string, InitStory>();

  constructor(setting: Setting, options: WorldOptions = {}) {
    this.setting = setting;
    const { limitPolicy, maxSessionsPerUser, maxFailures } = setting;
    const limits = { limitPolicy, maxSessionsPerUser };
    const clock = this.#countingClock();
    const real = options.backends?.(clock, limits) ?? {};
    this.store = real.sessionManager ?? memorySessionManager({ clock, ...limits });
    this.book = new SessionBook(setting, this.store, (promise, says) => this.broken(promise, says));
    this.orchestrator = createSessionOrchestrator({
      ...options.orchestrator,
      ...gatedBackends({ ...real, sessionManager: this.store }, this),
      clock,
      deadlines: DEADLINES,
      engine: setting.engine,
      maxInFlight: setting.maxInFlight,
      maxQueued: setting.maxQueued,
      // So late that it is no timer that a script waits for.
      sweepInterval: 2 ** 31 - 1,
      throttle: maxFailures > 0 && {
        trustKnownAddresses: false,
        account: { maxFailures, window: THROTTLE_WINDOW },
        address: { maxFailures: maxFailures + 1, window: THROTTLE_WINDOW },
      },
      onResponse: (_, record) => this.storyAt(record.ipAddress)?.records.push(record),
    });
    this.orchestrator.on('init.completed', (record) => this.records.push(record));
    this.orchestrator.on('session.orphaned', (report) => this.orphans.push(report));
    this.orchestrator.on('fault.reported', (report) => this.faults.push(report));
    this.orchestrator.on('session.ended', (event) => this.ended.push(event));
  }

  get unanswered(): InitStory[] {
    return [...this.stories.values()].filter(isUnanswered);
  }

  storyAt(ipAddress: string | undefined): InitStory | undefined {
    return this.#byAddress.get(ipAddress ?? '');
  }

  storyNamed(name: string | undefined): InitStory | undefined {
    return this.stories.get(name ?? '');
  }

  broken(promise: string, says: string): void {
    this.violations.push({ promise, says });
  }

  takeFailingRemoval(): boolean {
    return this.#failingRemovals > 0 && this.#failingRemovals-- > 0;
  }

  callOf(name: string, backend: OpenCall['backend']): OpenCall | undefined {
    return [...this.calls].find((call) => call.story.name === name && call.backend === backend);
  }

  /** Does something now. @returns false if nothing of the kind can happen */
  perform(deed: Deed): boolean | Promise<boolean> {
    return deed.do === 'pass' ? this.clock.advance(deed.milliseconds).then(() => true) : this.#perform(deed);
  }

  #countingClock(): Clock {
    const { now, monotonic, setTimeout, clearTimeout } = this.clock;
    const counted = (callback: () => void) => () => {
      this.#fired++;
      callback();
    };
    return { now, monotonic, setTimeout: (callback, delay) => setTimeout(counted(callback), delay), clearTimeout };
  }

  /** Waits until nothing happens by itself any more, unless time passes. */
  async comeToRest(): Promise<void> {
    let fired: number;
    do {
      // All microtasks are done before it comes.
      await new Promise((resolve) => setImmediate(resolve));
      fired = this.#fired;
      this.clock.increment(0);
    } while (this.#fired > fired);
  }

  #perform(deed: Exclude<Deed, { do: 'pass' }>): boolean {
    switch (deed.do) {
      case 'init':
        return this.#init(deed.init, deed.atOnce);
      case 'answer': {
        const call = this.callOf(deed.init, deed.backend);
        call?.answer(deed.outcome);
        return call !== undefined;
      }
      case 'create': {
        const call = this.callOf(deed.init, 'session manager');
        if (call === undefined || call.hasCreated) return false;
        call.create?.();
        return true;
      }
      case 'leave': {
        const story = this.stories.get(deed.init);
        if (story === undefined || story.hasLeft) return false;
        story.hasLeft = true;
        story.caller.abort();
        return true;
      }
      case 'stall':
        this.clock.increment(deed.milliseconds);
        return true;
      case 'drain':
        return this.#drain(deed.milliseconds);
      case 'failRemoval':
        if (this.#removalsToFail === MOST_FAILING_REMOVALS) return false;
        this.#removalsToFail++;
        this.#failingRemovals++;
        return true;
    }
  }

  #init(name: string, atOnce: InitStory['atOnce'], network = 0): boolean {
    if (this.stories.has(name)) return false;
    const story: InitStory = {
      name,
      user: name.split('#', 1)[0] as string,
      // One /64, so that for the throttle it is one address.
      ipAddress: `2001:db8:1:${(16 + network).toString(16)}::${(this.stories.size + 1).toString(16)}`,
      caller: new AbortController(),
      atOnce,
      startedAt: this.clock.monotonic(),
      startedWhileDraining: this.drain !== undefined,
      asked: {},
      heard: {},
      responses: [],
      records: [],
      hasLeft: false,
    };
    this.stories.set(name, story);
    this.#byAddress.set(story.ipAddress, story);
    this.orchestrator
      .init(
        { username: story.user, user_secret: secretOf(story) },
        { ipAddress: story.ipAddress, signal: story.caller.signal },
      )
      .then(
        (response) => story.responses.push(response),
        () => this.broken('P1', `the init of ${name} rejects`),
      );
    return true;
  }

  #drain(deadline: number): boolean {
    if (this.drain !== undefined) return false;
    const drain: DrainStory = { startedAt: this.clock.monotonic(), deadline, underWay: this.#underWay };
    this.drain = drain;
    this.orchestrator.drain(deadline).then(
      (outcome) => {
        drain.outcome = outcome;
      },
      () => this.broken('P1', 'the drain rejects'),
    );
    return true;
  }

  get #underWay(): number {
    return [...this.stories.values()].filter(({ records }) => records.length === 0).length;
  }

  /** Starts an init of a user and from a network that no throttle knows, to see whether there is a place for it. */
  probe(name: string): void {
    this.#init(name, {}, 1 + this.stories.size);
  }
}
