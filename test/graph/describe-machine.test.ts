import { describe, expect, test } from '@jest/globals';
import { type AnyStateMachine, type AnyStateNode, createMachine, fromPromise, stateIn } from 'xstate';
import { describeMachine } from '../../src/graph/describe-machine.js';
import { statesOf } from '../../src/graph/graph-edges.js';
import type { GraphState, MachineGraph } from '../../src/graph/machine-graph.js';
import { clientMachine } from '../../src/machines/client.js';
import { connectionMachine } from '../../src/machines/connection.js';
import { sessionInitMachine } from '../../src/machines/session-init.js';
import { HOSTILE, playerMachine } from '../support/player-machine.js';

const MACHINES: Record<string, AnyStateMachine> = {
  sessionInit: sessionInitMachine,
  connection: connectionMachine,
  client: clientMachine,
  player: playerMachine,
};

function stateOf({ root }: MachineGraph, key: string): GraphState {
  const found = statesOf(root).find((state) => state.key === key);
  if (found === undefined) throw new Error(`There is no state ${key}.`);
  return found;
}

/** What XState itself knows of a machine, read in another way than `describeMachine` reads it. */
function nodesOf(node: AnyStateNode): AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap((child) => nodesOf(child as AnyStateNode))];
}

describe.each(Object.entries(MACHINES))('%s', (_, machine) => {
  const graph = describeMachine(machine);
  const states = [graph.root, ...statesOf(graph.root)];
  const nodes = nodesOf(machine.root);

  test('has the states of the machine, in its order', () => {
    expect(states.map(({ id, key, type }) => ({ id, key, type }))).toEqual(
      nodes.map(({ id, key, type }) => ({ id, key, type })),
    );
    expect(states.map(({ description }) => description)).toEqual(nodes.map(({ description }) => description));
    expect(states.map(({ invokes }) => invokes)).toEqual(
      nodes.map(({ config }) => [config.invoke ?? []].flat().map(({ id, src }) => ({ id, src }))),
    );
  });

  test('has every transition of its definition, and no other', () => {
    for (const [index, state] of states.entries()) {
      const { config } = nodes[index] as AnyStateNode;
      const count = (given: unknown): number => [given ?? []].flat().length;
      const counted = (given: object = {}): number => Object.values(given).reduce((sum, it) => sum + count(it), 0);
      const ofActors = [config.invoke ?? []].flat().reduce((sum, it) => sum + count(it.onDone) + count(it.onError), 0);
      expect({ state: state.id, transitions: state.transitions.length }).toEqual({
        state: state.id,
        transitions:
          counted(config.on) + counted(config.after) + count(config.always) + count(config.onDone) + ofActors,
      });
    }
  });

  test('names only states that there are, and each transition differently', () => {
    const ids = states.map(({ id }) => id);
    const transitions = states.flatMap((state) => state.transitions);
    for (const { source, targets } of transitions) expect(ids).toEqual(expect.arrayContaining([source, ...targets]));
    expect(new Set(ids).size).toBe(ids.length);
    expect(new Set(transitions.map(({ id }) => id)).size).toBe(transitions.length);
    for (const { type, initial } of states) expect(initial !== undefined).toBe(['compound', 'history'].includes(type));
  });

  test('is JSON', () => {
    expect(JSON.parse(JSON.stringify(graph))).toStrictEqual(graph);
  });
});

describe('sessionInit', () => {
  const graph = describeMachine(sessionInitMachine, { delays: { requestTimeout: 10_000 } });

  test('a phase: its actor, guards, actions and deadline', () => {
    const { id, initial } = graph.root;
    expect([id, initial]).toEqual(['sessionInit', 'sessionInit.receiving']);
    const { invokes, transitions } = stateOf(graph, 'establishing');
    expect(invokes).toEqual([{ id: 'establishSession', src: 'establishSession' }]);
    expect(transitions.map(({ kind, guard, targets, actions }) => [kind, guard, ...targets, ...actions])).toEqual([
      ['actorDone', 'isCreated', 'sessionInit.authorized', 'recordSession'],
      ['actorDone', 'isLimitReached', 'sessionInit.refused', 'recordFailure'],
      ['actorDone', undefined, 'sessionInit.sessionDetailsMissing'],
      ['actorError', 'isOverload', 'sessionInit.refused', 'recordFault'],
      ['actorError', 'isDefect', 'sessionInit.failedUnexpectedly', 'recordFault'],
      ['actorError', undefined, 'sessionInit.sessionManagerFailed', 'recordFault'],
      ['after', undefined, 'sessionInit.sessionManagerFailed'],
    ]);
    expect(transitions.at(-1)?.delay).toEqual({ name: 'sessionTimeout' });
    expect(stateOf(graph, 'refused').entry).toEqual(['releaseSession', 'answer', 'announce']);
  });

  test('what holds in every state is of the root', () => {
    expect(graph.root.transitions).toEqual([
      expect.objectContaining({ kind: 'event', event: 'request.cancel', targets: ['sessionInit.refused'] }),
      expect.objectContaining({ kind: 'after', delay: { name: 'requestTimeout', milliseconds: 10_000 } }),
    ]);
  });
});

describe('a nested machine', () => {
  const graph = describeMachine(playerMachine, { delays: { sleepTimeout: 2_000 } });

  test('states in states', () => {
    expect(graph.root.states.map(({ key }) => key)).toContain('active');
    expect(stateOf(graph, 'active').states.map(({ key, initial }) => [key, initial])).toEqual([
      ['track', 'player.active.track.playing'],
      ['sound', 'player.active.sound.on'],
    ]);
  });

  test('histories: how much they remember, and where they lead when they remember nothing', () => {
    expect(stateOf(graph, 'last')).toMatchObject({ history: 'deep', initial: 'player.active.sound.muted' });
    expect(stateOf(graph, 'recent')).toMatchObject({ history: 'shallow', initial: 'player.active.sound.on' });
  });

  test('delays: named and not, fixed and computed', () => {
    const delays = statesOf(graph.root).flatMap(({ transitions }) => transitions.flatMap(({ delay }) => delay ?? []));
    expect(delays).toEqual([
      { name: 'sleepTimeout', milliseconds: 2_000 },
      { name: 'hideTimeout', milliseconds: 1_500 },
      { milliseconds: 3_000 },
    ]);
  });

  test('guards made of guards, several targets, re-entry, what is written in place', () => {
    expect(stateOf(graph, 'playing').transitions[0]).toMatchObject({
      guard: 'isSeekable and not isLive',
      reenter: true,
    });
    expect(stateOf(graph, 'on').transitions[0]?.guard).toBe('(inline)');
    expect(stateOf(graph, 'paused').transitions.at(-1)?.targets).toHaveLength(2);
    expect(stateOf(graph, 'stopped').entry).toEqual(['log', '(inline)']);
    expect(stateOf(graph, 'stopped').transitions[2]).toMatchObject({ event: HOSTILE, description: 'Odd.' });
  });

  test('outcomes: from tags, unless they are told', () => {
    expect([stateOf(graph, 'done').outcome, stateOf(graph, 'off').outcome]).toEqual(['success', 'denial']);
    const told = describeMachine(playerMachine, { outcomes: { off: 'fault', paused: 'fault' } });
    expect([stateOf(told, 'off').outcome, stateOf(told, 'paused').outcome]).toEqual(['fault', undefined]);
  });
});

test('actors that are written in place, and all that they tell', () => {
  const machine = createMachine({
    initial: 'one',
    states: {
      one: {
        invoke: [
          { src: fromPromise(async () => {}), onDone: 'two' },
          {
            id: 'named',
            src: 'named',
            onSnapshot: { actions: () => {} },
            onError: { guard: stateIn('one'), target: 'two' },
          },
        ],
      },
      two: { type: 'final' },
    },
  });
  const { invokes, transitions } = stateOf(describeMachine(machine), 'one');
  expect(invokes.map(({ src }) => src)).toEqual(['(inline)', 'named']);
  expect(transitions.map(({ kind, actor, guard }) => [kind, actor, guard])).toEqual([
    ['actorDone', invokes[0]?.id, undefined],
    ['actorError', 'named', 'in one'],
    ['actorSnapshot', 'named', undefined],
  ]);
});
