import type { AnyMachineSnapshot, AnyStateMachine, AnyStateNode, EventObject } from 'xstate';
import { FullAuthSession, newSessionSecret } from '../../index.js';
import { ConfigurationError, DefectError, OverloadedError } from '../../model/errors.js';
import { answers, type Behaviour, denies, garbles, throws } from '../scripted/behaviour.js';
import type { BackendScripts } from '../test-orchestrator.js';

/** One way for an actor to end: with an output, or with an error. */
export interface ActorEnding {
  /** What it does, for the name of a path: `accepts`. */
  readonly name: string;
  readonly output?: unknown;
  /** Instead of an output. It can be any value. */
  readonly error?: unknown;
}

/** Something that happens to an init in one of its states, and how it is brought about. */
export interface Stimulus {
  readonly name: string;
  /** What the machine sees. */
  readonly event: EventObject;
  readonly means: /** The actor with this source ends. */
    | { readonly by: 'actor'; readonly src: string; readonly ending: ActorEnding; readonly script?: BackendScripts }
    /** There is too much to do already, so the init is refused. */
    | { readonly by: 'overload' }
    /** Nothing happens until this delay of the state has passed. */
    | { readonly by: 'timeout'; readonly ofRequest: boolean }
    /** The caller goes. */
    | { readonly by: 'cancel' };
  /** Whether the ports let it happen. What they rule out is tried on the machine alone. */
  readonly isReal: boolean;
}

/** The user whose init goes all paths. */
export const USERNAME = 'alice';
const IP_ADDRESS = '192.0.2.1';

type Method = 'authenticate' | 'authorize' | 'create';
type Kind = readonly [name: string, ending: { output: unknown } | { error: unknown }, behaviour: Behaviour | undefined];

const fault = new Error('The backend is down.');
const overload = new OverloadedError('The backend is full.', { retryAfter: 7 });
const defect = new DefectError('The backend is wrongly built.');

const FAILURES: readonly Kind[] = [
  ['throws', { error: fault }, throws(fault)],
  ['is overloaded', { error: overload }, throws(overload)],
  ['has a defect', { error: defect }, throws(defect)],
];

const DENIED: Kind = ['denies', { output: { outcome: 'denied' } }, denies() as Behaviour];

/** Garbage that a port has read is a fault, so the machine's own guard against it is out of reach. */
const GARBAGE: Kind = ['gets past its port with garbage', { output: undefined }, undefined];

/** Every way in which the machine's own actors end, but for `admit`. */
const KINDS: Readonly<Record<string, { method: Method; kinds: readonly Kind[] }>> = {
  authenticate: {
    method: 'authenticate',
    kinds: [
      ['authenticates', { output: { outcome: 'authenticated', user: USERNAME } }, answers()],
      DENIED,
      GARBAGE,
      ...FAILURES,
    ],
  },
  authorize: {
    method: 'authorize',
    kinds: [['authorizes', { output: { outcome: 'authorized' } }, answers()], DENIED, GARBAGE, ...FAILURES],
  },
  establishSession: {
    method: 'create',
    kinds: [
      ['creates', { output: { outcome: 'created', session: someSession() } }, answers()],
      ['is at its limit', { output: { outcome: 'limitReached' } }, garbles({ outcome: 'limitReached' })],
      ['answers garbage', { output: undefined }, garbles('garbage')],
      ...FAILURES,
    ],
  },
};

/** What can happen in the state that a snapshot is in. */
export function stimuliIn(
  machine: AnyStateMachine,
  actors: Readonly<Record<string, readonly ActorEnding[]>>,
): (snapshot: AnyMachineSnapshot) => readonly Stimulus[] {
  return ({ value }) => {
    const state = machine.states[value as string] as AnyStateNode;
    return [
      ...state.invoke.flatMap(({ id, src }) =>
        endingsOf(String(src), actors).map((ending) => actorStimulus(id, ending)),
      ),
      ...(state.invoke.some(({ src }) => src === 'admit') ? [refusal] : []),
      ...state.after.map(({ eventType, delay }) => timeout(eventType, String(delay), false)),
      ...machine.root.after.map(({ eventType, delay }) => timeout(eventType, String(delay), true)),
      { name: 'the caller goes', event: { type: 'request.cancel' }, means: { by: 'cancel' }, isReal: true },
    ];
  };
}

type ActorMeans = Extract<Stimulus['means'], { by: 'actor' }>;
type Ending = Omit<ActorMeans, 'by'> & { isReal: boolean };

function endingsOf(src: string, actors: Readonly<Record<string, readonly ActorEnding[]>>): readonly Ending[] {
  const own = actors[src];
  if (own !== undefined) return own.map((ending) => ({ src, ending, isReal: true }));
  if (src === 'admit') return ADMISSIONS;
  const known = KINDS[src];
  if (known === undefined) {
    throw new ConfigurationError(
      `The machine invokes ${src}, of which it is not known how it ends: sessionInitPaths({ actors: { ${src}: ` +
        "[{ name: 'accepts', output: … }, { name: 'fails', error: … }] } }).",
    );
  }
  return known.kinds.map(([does, ends, behaviour]) => ({
    src,
    ending: { name: does, ...ends },
    isReal: behaviour !== undefined,
    ...(behaviour && { script: { [known.method]: behaviour } }),
  }));
}

/** Throttling has a store of its own that does not fail, so no failure of an admission can be brought about. */
const ADMISSIONS: readonly Ending[] = [
  { src: 'admit', ending: { name: 'admits', output: { outcome: 'admitted' } }, isReal: true },
  ...[GARBAGE, ...FAILURES].map(([name, ends]) => ({ src: 'admit', ending: { name, ...ends }, isReal: false })),
];

const refusal: Stimulus = {
  name: 'admit refuses',
  event: doneEvent('admit', { outcome: 'refused', code: 'overloaded', retryAfter: 1 }),
  means: { by: 'overload' },
  isReal: true,
};

function actorStimulus(id: string, { isReal, ...means }: Ending): Stimulus {
  const { ending, src } = means;
  const event =
    'error' in ending
      ? { type: `xstate.error.actor.${id}`, error: ending.error, actorId: id }
      : doneEvent(id, ending.output);
  return { name: `${src} ${ending.name}`, event, means: { by: 'actor', ...means }, isReal };
}

function doneEvent(id: string, output: unknown): EventObject {
  return { type: `xstate.done.actor.${id}`, output, actorId: id } as EventObject;
}

function timeout(type: string, delay: string, ofRequest: boolean): Stimulus {
  return { name: `${delay} passes`, event: { type }, means: { by: 'timeout', ofRequest }, isReal: true };
}

function someSession(): FullAuthSession {
  const times = { created: new Date(0), last_accessed: new Date(0) };
  return new FullAuthSession({
    session_id: 1,
    session_secret: newSessionSecret(),
    user: USERNAME,
    ip_address: IP_ADDRESS,
    ...times,
  });
}
