import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { createMachine } from 'xstate';
import { describeMachine } from '../../src/graph/describe-machine.js';
import { edgesOf, statesOf } from '../../src/graph/graph-edges.js';
import { describeOwnMachine, OWN_MACHINES } from '../../src/graph/own-machines.js';
import { writeDot } from '../../src/graph/write-dot.js';
import { HOSTILE, playerMachine } from '../support/player-machine.js';
import { describeWith, graphviz } from '../support/requires.js';

interface DotObject {
  name: string;
  label?: string;
  nodes?: number[];
}

const GRAPHS = {
  ...Object.fromEntries(OWN_MACHINES.map((name) => [name, describeOwnMachine(name)])),
  player: describeMachine(playerMachine),
  lonely: describeMachine(createMachine({ id: 'graph', on: { x: { actions: 'y' } } })),
};

describeWith(graphviz, 'read by Graphviz', (dot) => {
  function read(text: string): { objects: DotObject[]; edges: { tail: number; head: number; label?: string }[] } {
    const { status, stdout, stderr } = spawnSync(dot, ['-Tdot_json'], { input: text, encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    return { edges: [], ...JSON.parse(stdout) };
  }

  test.each(Object.entries(GRAPHS))('%s: has its states and edges', (_, graph) => {
    const { objects, edges } = read(writeDot(graph));
    const nodes = objects.filter(({ nodes }) => nodes === undefined).map(({ name }) => name);
    const states = statesOf(graph.root);
    expect(nodes).toEqual(expect.arrayContaining(states.map(({ id }) => escaped(id))));
    const named = edges.map(({ tail, head }) => [objects[tail]?.name, objects[head]?.name]);
    const starts = [graph.root, ...states].filter(({ type }) => type === 'compound');
    expect(named.sort()).toEqual(
      [
        ...edgesOf(graph).map(({ source, target }) => [escaped(source.id), escaped(target)]),
        ...starts.map(({ id, initial = '' }) => [`${id} `, escaped(initial)]),
      ].sort(),
    );
  });

  test('hostile names are shown as they are', () => {
    const { edges } = read(writeDot(GRAPHS.player));
    expect(edges.map(({ label }) => label)).toContain(escaped(HOSTILE));
  });

  /** Graphviz hands its own escapes on: a backslash stands twice, and a new line as `\n`. */
  function escaped(text: string): string {
    return text.replaceAll('\u0007', '\ufffd').replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  }
});
