import type { Clock, InitInspector, InitRecord, InitRecording, InitUnderWay, SessionOrchestrator } from '../index.js';
import { describeCause } from '../server/logging/describe-cause.js';
import { InitTrace } from './init-trace.js';
import type { InitSummary, OutcomeSlot, Overview } from './protocol.js';
import { shortened } from './shortened.js';
import { shownPath } from './shown-path.js';
import { Statistics } from './statistics.js';

/** What an inspector needs of an orchestrator. */
export type InspectableOrchestrator = Pick<SessionOrchestrator, 'machine' | 'on' | 'underWay' | 'inspect'>;

/** Options of {@link InitSource}. */
export interface InitSourceOptions {
  clock: Clock;
  /** The state in which every init begins. */
  initial: () => string;
  /** Inits per second of which every event is shown. */
  sampling: number;
  /** Inits that are kept while nobody looks. */
  keep: number;
}

interface EndedInit {
  readonly record: InitRecord;
  readonly trace: InitTrace | undefined;
  recording?: InitRecording;
}

/** Gathers what orchestrators do. While nobody looks, it keeps the latest records, and does nothing else. */
export class InitSource {
  readonly #options: InitSourceOptions;
  readonly #orchestrators = new Map<InspectableOrchestrator, { end: () => void }>();
  readonly #inspections: (() => void)[] = [];
  readonly #traces = new Map<string, InitTrace>();
  /** Those that have ended, until their recording comes. */
  readonly #sampled = new Map<string, EndedInit>();
  /** A ring: the latest so many. */
  readonly #latest: EndedInit[] = [];
  #next = 0;
  #statistics: Statistics | undefined;
  #pending = { successes: [] as EndedInit[], failures: [] as EndedInit[], count: 0 };
  #maxPending = 0;
  #budget = { second: -1, left: 0 };

  constructor(options: InitSourceOptions) {
    this.#options = options;
  }

  attach(orchestrator: InspectableOrchestrator): () => void {
    if (!this.#orchestrators.has(orchestrator)) {
      const end = orchestrator.on('init.completed', (record) => this.#completed(record));
      this.#orchestrators.set(orchestrator, { end });
      if (this.#statistics !== undefined) this.#lookInto(orchestrator);
    }
    return () => {
      this.#orchestrators.get(orchestrator)?.end();
      this.#orchestrators.delete(orchestrator);
    };
  }

  /** Somebody looks. @param maxPending - as many inits are shown at each {@link InitSource.take} */
  open(maxPending: number): void {
    const { initial, clock } = this.#options;
    this.#maxPending = maxPending;
    this.#statistics = new Statistics(initial, clock.now());
    for (const { record } of this.#inOrder()) this.#statistics.add(record);
    for (const orchestrator of this.#orchestrators.keys()) this.#lookInto(orchestrator);
  }

  /** Nobody looks any more. */
  close(): void {
    for (const end of this.#inspections.splice(0)) end();
    this.#traces.clear();
    this.#sampled.clear();
    this.#statistics = undefined;
    this.#pending = { successes: [], failures: [], count: 0 };
  }

  /** The latest inits, for somebody who has just come. */
  latest(): InitSummary[] {
    return this.#inOrder().map(summarize);
  }

  /** What has ended since the last call. Of too many, failures are shown before successes. */
  take(): { inits: InitSummary[]; skipped: number } {
    const { successes, failures, count } = this.#pending;
    this.#pending = { successes: [], failures: [], count: 0 };
    const shown = [...failures, ...successes.slice(0, this.#maxPending - failures.length)];
    shown.sort((one, other) => endOf(one) - endOf(other));
    return { inits: shown.map(summarize), skipped: count - shown.length };
  }

  overview(): Overview {
    const { clock, initial } = this.#options;
    const statistics = this.#statistics ?? new Statistics(initial, clock.now());
    const underWay: InitUnderWay[] = [...this.#orchestrators.keys()].flatMap((one) => one.underWay());
    return statistics.overview(clock.now(), underWay);
  }

  slots(count?: number): readonly OutcomeSlot[] {
    return this.#statistics?.slots(count) ?? [];
  }

  #lookInto(orchestrator: InspectableOrchestrator): void {
    const inspector: InitInspector = {
      samples: () => this.#samples(),
      inspect: (event, referenceId) => {
        if (this.#statistics === undefined) return;
        let trace = this.#traces.get(referenceId);
        if (trace === undefined && event.type === '@xstate.actor') {
          trace = new InitTrace(() => this.#options.clock.monotonic());
          this.#traces.set(referenceId, trace);
        }
        trace?.add(event);
      },
      record: (recording) => this.#recorded(recording),
    };
    this.#inspections.push(orchestrator.inspect(inspector));
  }

  /** So many in each second of the clock. */
  #samples(): boolean {
    const { clock, sampling } = this.#options;
    const second = Math.floor(clock.monotonic() / 1_000);
    if (this.#budget.second !== second) this.#budget = { second, left: sampling };
    return this.#budget.left-- > 0;
  }

  #completed(record: InitRecord): void {
    const init: EndedInit = { record, trace: this.#traces.get(record.referenceId) };
    const { keep } = this.#options;
    if (keep > 0) this.#latest[this.#next++ % keep] = init;
    if (this.#statistics === undefined) return;
    if (this.#traces.delete(record.referenceId)) this.#sampled.set(record.referenceId, init);
    this.#statistics.add(record);
    this.#pending.count++;
    const list = record.state === 'authorized' ? this.#pending.successes : this.#pending.failures;
    if (list.length < this.#maxPending) list.push(init);
  }

  /** Of those that were sampled: it comes as soon as the init has ended, before it is shown. */
  #recorded(recording: InitRecording): void {
    const init = this.#sampled.get(recording.referenceId);
    if (init !== undefined) init.recording = recording;
    this.#sampled.delete(recording.referenceId);
  }

  #inOrder(): EndedInit[] {
    if (this.#next <= this.#latest.length) return [...this.#latest];
    const oldest = this.#next % this.#latest.length;
    return [...this.#latest.slice(oldest), ...this.#latest.slice(0, oldest)];
  }
}

function endOf({ record }: EndedInit): number {
  return record.startedAt + record.duration;
}

function summarize({ record, trace, recording }: EndedInit): InitSummary {
  const { referenceId, state, reason, code, username, user, ipAddress, sessionId, startedAt, duration } = record;
  const summary: InitSummary = {
    ...{ referenceId, state, username: shortened(username), ipAddress: shortened(ipAddress), startedAt, duration },
    phases: Object.entries(record.phases),
  };
  if (reason !== undefined) summary.reason = reason;
  if (code !== undefined) summary.code = code;
  if (user !== undefined) summary.user = shortened(user);
  if (sessionId !== undefined) summary.sessionId = sessionId;
  if (record.cause !== undefined) summary.cause = describeCause(record.cause);
  if (record.path !== undefined) summary.path = shownPath(record.path);
  if (trace !== undefined) summary.events = trace.events;
  if (trace?.response !== undefined) summary.response = trace.response;
  if (recording !== undefined) summary.recording = recording;
  return summary;
}
