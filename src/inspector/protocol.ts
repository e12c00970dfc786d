import type { LaidOutGraph } from '../graph/laid-out-graph.js';
import type { InitRecording } from '../model/init-recording.js';

export type { FailureCode } from '../model/failure-reason.js';

/*
 * What goes between the inspector and its page, as JSON. Nothing in it is secret: it is made of what each message is
 * known to need, one property at a time, and never of an object as it came.
 */

/** The version of these messages. A page of another version is told to reload. */
export const PROTOCOL = 1;

/** Why the inspector closes a page's WebSocket, beyond the codes of the standard. */
export const CLOSE_CODES = { wrongToken: 4401, noToken: 4408, tooMany: 4429 } as const;

/** The only message of a page. No data goes to it before. */
export interface PageHello {
  type: 'hello';
  token: string;
}

/** The first message of the inspector: what does not change, and what happened so far. */
export interface InspectorHello {
  type: 'hello';
  protocol: typeof PROTOCOL;
  machine: InspectedMachine;
  /** Inits per second that are shown with every event. */
  sampling: number;
  /** Outcomes of the last minutes. */
  slots: readonly OutcomeSlot[];
}

/** From then on: what is new. */
export interface InspectorUpdate {
  type: 'update';
  /** Milliseconds since the epoch. */
  at: number;
  overview: Overview;
  /** Inits that have ended. */
  inits: readonly InitSummary[];
  /** Inits that have ended, and are only counted, since there were too many to show. */
  skipped: number;
  /** The latest outcomes: they replace those of the same time. */
  slots: readonly OutcomeSlot[];
  /** Only if something has changed. */
  connections?: Connections;
  /** Only if something has changed. */
  breakers?: readonly BreakerSummary[];
  /** Only if something has changed. */
  actors?: ActorsUpdate;
}

/** What the inspector sends. */
export type InspectorMessage = InspectorHello | InspectorUpdate;

/** The machine that the inits run, drawn. */
export interface InspectedMachine {
  graph: LaidOutGraph;
  /** The state in which every init begins. */
  initial: string;
  /** Changes with each state and each transition: a recording of another version cannot be shown in this diagram. */
  version: string;
  /** There is no drawing of it, or not yet: its states are known, and no lines. */
  isOutline?: true;
}

/** Where all inits are, and which way those that have ended went. */
export interface Overview {
  /** It counts from then on, in milliseconds since the epoch. */
  since: number;
  completed: number;
  /** How many inits are in each state now. */
  present: Readonly<Record<string, number>>;
  /** Those that have been under way the longest. */
  waiting: readonly InitUnderWay[];
  /** How long inits were in each state, over the last minute or two. */
  states: Readonly<Record<string, StateFigures>>;
  /** How many took each way: `admitting->authenticating`; from {@link ANY_STATE} if they were ended from outside. */
  ways: Readonly<Record<string, number>>;
}

/** Stands for every state, where a way can begin in any. */
export const ANY_STATE = '*';

/** An init that has not ended. */
export interface InitUnderWay {
  referenceId: string;
  /** As it was asserted; from outside. */
  username: string;
  ipAddress: string;
  startedAt: number;
  state: string;
  /** Milliseconds that it has been in this state. */
  waited: number;
}

/** How a state was passed through. */
export interface StateFigures {
  /** Since the counting began. */
  count: number;
  /** Milliseconds; half of the inits were faster. */
  p50: number;
  /** Milliseconds; 95 of 100 inits were faster. */
  p95: number;
}

/** What ended within a few seconds, by reason; `''` is success. */
export interface OutcomeSlot {
  /** When it begins, in milliseconds since the epoch. */
  at: number;
  counts: Readonly<Record<string, number>>;
}

/** An init that has ended. */
export interface InitSummary {
  referenceId: string;
  /** The terminal state. */
  state: string;
  reason?: string;
  code?: string;
  /** As it was asserted; from outside. */
  username: string;
  /** Who it is, once authenticated. */
  user?: string;
  ipAddress: string;
  sessionId?: number;
  startedAt: number;
  /** Milliseconds. */
  duration: number;
  /** The states before the terminal one, in order, with the milliseconds in each. */
  phases: readonly (readonly [state: string, milliseconds: number])[];
  /** Why it failed, for the operator. */
  cause?: string;
  /** Which backends said what, if several had a part in it. */
  path?: readonly BackendStep[];
  /** Only if it was sampled. */
  events?: readonly InitEvent[];
  /** Only if it was sampled: as it went to the client, but for the secret. */
  response?: object;
  /** Only if it was sampled: from it `replay()` of `session-init/testing` runs the init again. */
  recording?: InitRecording;
}

/** What one backend said. */
export interface BackendStep {
  backend: string;
  outcome: string;
  cause?: string;
  milliseconds: number;
  /** The way within, if the backend is itself made of several. */
  path?: readonly BackendStep[];
}

/** Which of several transitions was taken. */
export interface TakenTransition {
  /** The id of the state that it belongs to. */
  source: string;
  /** The type of the event in XState; empty if it needs none. */
  event: string;
  /** The name of its guard. */
  guard?: string;
}

/** One event of an init, and where it led. */
export interface InitEvent {
  /** Milliseconds from the start. */
  at: number;
  /** Its type in XState. */
  type: string;
  /** In which the init was when it came; none at the start. */
  from?: string;
  /** In which it was then. */
  state: string;
  /** By which transition it came there. */
  taken?: TakenTransition;
  /** What an invoked actor answered, or the failure of one: `denied (wrongSecret)`. */
  says?: string;
  /** Who said it: the invoked actor. */
  actor?: string;
  isFault?: true;
}

/** What is known of the connections of a transport. */
export interface Connections {
  open: readonly OpenConnection[];
  /** All that are open, of which `open` shows the first. */
  count: number;
  totals: Readonly<Record<'opened' | 'closed' | 'refused' | 'rejected' | 'failed', number>>;
  /** The latest, the newest last. */
  notes: readonly ConnectionNote[];
}

export interface OpenConnection {
  connectionId: string;
  ipAddress: string;
  openedAt: number;
  /** Whose session was sent over it last. */
  user?: string;
}

/** Something that happened on a transport. */
export interface ConnectionNote {
  at: number;
  type: string;
  ipAddress: string;
  text: string;
}

/** How the circuit breaker before a backend stands. */
export interface BreakerSummary {
  backend: string;
  /** `open`: the backend is not asked. `halfOpen`: one call tries it. `closed`: it is asked. */
  state: 'open' | 'halfOpen' | 'closed';
  /** Since when, in milliseconds since the epoch. */
  since: number;
  /** Why it opened last. */
  cause?: string;
  /** How often it has opened. */
  opened: number;
}

/** What is new of actors that are not inits: of any XState system. */
export interface ActorsUpdate {
  /** Those that have changed. */
  actors: readonly ActorSummary[];
  /** Ids of those that are not kept any more. */
  forgotten: readonly string[];
  events: readonly ActorEvent[];
  /** Events that are not shown, since there were too many. */
  skipped: number;
  /** Drawings of machines, by {@link ActorSummary.drawing}. Only if there are new ones. */
  drawings?: Readonly<Record<string, LaidOutGraph>>;
}

/** An actor of any XState system. */
export interface ActorSummary {
  id: string;
  name: string;
  parentId?: string;
  status: string;
  /** The states that it is in: `player.playing`. */
  states: readonly string[];
  /** JSON, cut if it is long. */
  context?: string;
  machine?: MachineOutline;
  /** Under which name the drawing of its machine comes, if one does. */
  drawing?: string;
}

/** A machine as far as its definition tells. */
export interface MachineOutline {
  key: string;
  description?: string;
  isFinal?: true;
  events: readonly { event: string; target: string }[];
  states: readonly MachineOutline[];
}

/** An event that an actor got. */
export interface ActorEvent {
  at: number;
  actorId: string;
  type: string;
  /** Who sent it, if an actor did. */
  sourceId?: string;
  /** The event's data as JSON, cut if it is long. */
  data?: string;
}

/** An init that was saved, to be opened again or replayed. */
export interface RecordedInit {
  format: typeof RECORDING_FORMAT;
  /** Of this format. */
  version: typeof RECORDING_VERSION;
  machine: { id: string; version: string };
  init: InitSummary;
}

export const RECORDING_FORMAT = 'session-init.recorded-init';
export const RECORDING_VERSION = 1;
