import { type AnyMachineSnapshot, type AnyStateMachine, initialTransition } from 'xstate';
import { getSimplePaths } from 'xstate/graph';
import {
  decodeSessionInitMessage,
  FailedSessionInitInfo,
  SessionInitResponse,
  TERMINAL_STATES,
  type TerminalState,
} from '../../index.js';
import { ConfigurationError } from '../../model/errors.js';
import { type ActorEnding, type Stimulus, stimuliIn, USERNAME } from './stimuli.js';

/** A way through the machine, from a request to a terminal state. */
export interface Path {
  readonly name: string;
  readonly input: PathInput;
  readonly stimuli: readonly Stimulus[];
  /** The states that it rests in, the terminal one last. */
  readonly states: readonly string[];
  readonly ending: TerminalState;
  /** The code of the failure; undefined of a success. */
  readonly code: string | undefined;
}

/** What an init begins with. */
export interface PathInput {
  readonly name: string;
  readonly message: unknown;
  readonly ipAddress: string;
}

const REQUEST = { username: USERNAME, user_secret: 'only-for-this-test' };

const INPUTS: readonly PathInput[] = [
  { name: 'a request', message: REQUEST, ipAddress: '192.0.2.1' },
  { name: 'no request', message: 'marked-nonsense', ipAddress: '192.0.2.1' },
  { name: 'a request from nowhere', message: REQUEST, ipAddress: '' },
];

/** Every path that comes through no state twice, by whatever can happen in each. */
export function findPaths(machine: AnyStateMachine, actors: Readonly<Record<string, readonly ActorEnding[]>>): Path[] {
  const stimuli = stimuliIn(machine, actors);
  const named = new Map<object, Stimulus>();
  const eventsIn = (snapshot: AnyMachineSnapshot) =>
    stimuli(snapshot).map((stimulus) => {
      named.set(stimulus.event, stimulus);
      return stimulus.event;
    });
  return INPUTS.flatMap((given) => {
    const message = decodeSessionInitMessage(given.message);
    const input = { message, ipAddress: given.ipAddress, referenceId: 'path', now: () => 0 };
    const [initial] = initialTransition(machine, input) as [AnyMachineSnapshot, unknown];
    const start = String(initial.value);
    if (initial.status !== 'active') return [pathOf(given, initial, [], [start])];
    const paths = getSimplePaths(machine, {
      fromState: initial,
      events: eventsIn,
      // What a state is reached with is of no account: the machine is flat, and each path has a run of its own.
      serializeState: ({ value }: AnyMachineSnapshot) => String(value),
      serializeEvent: (event: object) => named.get(event)?.name ?? 'init',
      stopWhen: ({ status }: AnyMachineSnapshot) => status !== 'active',
      toState: ({ status }: AnyMachineSnapshot) => status !== 'active',
    } as never);
    return paths.map(({ state, steps }) => {
      const taken = steps.flatMap((step) => {
        const stimulus = named.get(step.event);
        return stimulus === undefined ? [] : [{ stimulus, state: String((step.state as AnyMachineSnapshot).value) }];
      });
      const rests = [start, ...taken.map((step) => step.state)];
      return pathOf(
        given,
        state as AnyMachineSnapshot,
        taken.map(({ stimulus }) => stimulus),
        rests,
      );
    });
  });
}

function pathOf(
  input: PathInput,
  last: AnyMachineSnapshot,
  stimuli: readonly Stimulus[],
  states: readonly string[],
): Path {
  const ending = String(last.value) as TerminalState;
  const response: unknown = last.context['response'];
  if (!(ending in TERMINAL_STATES)) {
    const known = Object.keys(TERMINAL_STATES).join(', ');
    throw new ConfigurationError(`An init cannot end in ${ending}, for which there is no reason. There are: ${known}.`);
  }
  if (!(response instanceof SessionInitResponse)) {
    throw new ConfigurationError(
      `An init that ends in ${ending} gets no response. Its entry needs the action 'answer'.`,
    );
  }
  const { data } = response;
  return {
    name: [input.name, ...stimuli.map(({ name }) => name), ending].join(' > '),
    input,
    stimuli,
    states,
    ending,
    code: data instanceof FailedSessionInitInfo ? data.code : undefined,
  };
}
