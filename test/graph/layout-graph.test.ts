import { describe, expect, jest, test } from '@jest/globals';
import { createMachine } from 'xstate';
import { describeMachine } from '../../src/graph/describe-machine.js';
import { edgesOf, statesOf } from '../../src/graph/graph-edges.js';
import type { Box, LaidOutGraph, Point } from '../../src/graph/laid-out-graph.js';
import { layoutGraph } from '../../src/graph/layout-graph.js';
import { describeOwnMachine, OWN_MACHINES } from '../../src/graph/own-machines.js';
import { summarizeGraph } from '../../src/graph/summarize-graph.js';
import { playerMachine } from '../support/player-machine.js';

const GRAPHS = {
  ...Object.fromEntries(OWN_MACHINES.map((name) => [name, describeOwnMachine(name)])),
  overview: summarizeGraph(describeOwnMachine('session-init')),
  player: describeMachine(playerMachine),
};

/** Room for the rounding of coordinates. */
const SLACK = 0.3;

function overlap(a: Box, b: Box): boolean {
  return (
    a.x + a.width > b.x + SLACK &&
    b.x + b.width > a.x + SLACK &&
    a.y + a.height > b.y + SLACK &&
    b.y + b.height > a.y + SLACK
  );
}

function isInside(inner: Box, outer: Box): boolean {
  return (
    inner.x >= outer.x - SLACK &&
    inner.y >= outer.y - SLACK &&
    inner.x + inner.width <= outer.x + outer.width + SLACK &&
    inner.y + inner.height <= outer.y + outer.height + SLACK
  );
}

function isOnBorder({ x, y }: Point, box: Box): boolean {
  const near = (a: number, b: number) => Math.abs(a - b) <= SLACK;
  const isWithin = isInside({ x, y, width: 0, height: 0 }, box);
  return isWithin && (near(x, box.x) || near(y, box.y) || near(x, box.x + box.width) || near(y, box.y + box.height));
}

function pairs<T>(all: readonly T[]): [T, T][] {
  return all.flatMap((one, index) => all.slice(index + 1).map((other): [T, T] => [one, other]));
}

describe.each(Object.entries(GRAPHS))('%s', (_, graph) => {
  const laidOut = layoutGraph(graph);

  test('has a box for each state, and an edge for all transitions that lead from one to another', async () => {
    const { states, edges, starts } = await laidOut;
    expect(states.filter(({ type }) => type !== 'any').map(({ id }) => id)).toEqual(
      statesOf(graph.root).map(({ id }) => id),
    );
    expect(edges.map(({ id, source, target, transitions }) => ({ id, source, target, transitions }))).toEqual(
      edgesOf(graph).map(({ source, ...edge }) => ({ ...edge, source: source.id })),
    );
    const compounds = [graph.root, ...statesOf(graph.root)].filter(({ type }) => type === 'compound');
    expect(starts.map(({ state }) => state)).toEqual(compounds.map(({ initial }) => initial));
  });

  test('no two boxes overlap, unless one is in the other', async () => {
    const { states, width, height } = await laidOut;
    const byId = new Map(states.map((state) => [state.id, state]));
    for (const state of states) {
      expect(isInside(state, byId.get(state.parent ?? '') ?? { x: 0, y: 0, width, height })).toBe(true);
    }
    const siblings = pairs(states).filter(([a, b]) => a.parent === b.parent);
    expect(siblings.filter(([a, b]) => overlap(a, b)).map(([a, b]) => `${a.id} and ${b.id}`)).toEqual([]);
  });

  test('no label overlaps another, nor the box of a state', async () => {
    const { states, edges, width, height } = await laidOut;
    const labels = edges.flatMap(({ id, label }) => (label ? [{ id, ...label }] : []));
    for (const label of labels) expect(isInside(label, { x: 0, y: 0, width, height })).toBe(true);
    expect(
      pairs(labels)
        .filter(([a, b]) => overlap(a, b))
        .map(([a, b]) => `${a.id} and ${b.id}`),
    ).toEqual([]);
    const plain = states.filter(({ type }) => type !== 'compound' && type !== 'parallel');
    const hidden = labels.flatMap((label) =>
      plain.filter((state) => overlap(label, state)).map(({ id }) => [label.id, id]),
    );
    expect(hidden).toEqual([]);
  });

  test('edges run along the axes, from the border of one box to that of another', async () => {
    const { states, edges } = await laidOut;
    const byId = new Map(states.map((state) => [state.id, state]));
    for (const { source, target, points } of edges) {
      expect(points.length).toBeGreaterThanOrEqual(2);
      expect(isOnBorder(points[0] as Point, byId.get(source) as Box)).toBe(true);
      expect(isOnBorder(points.at(-1) as Point, byId.get(target) as Box)).toBe(true);
      for (const [index, { x, y }] of points.slice(1).entries()) {
        const before = points[index] as Point;
        expect(Math.min(Math.abs(before.x - x), Math.abs(before.y - y))).toBeLessThanOrEqual(SLACK);
      }
    }
  });

  test('is JSON, and the same each time', async () => {
    const first = await laidOut;
    expect(JSON.parse(JSON.stringify(first))).toStrictEqual(first);
    expect(await layoutGraph(graph)).toEqual(first);
  });
});

test.each(OWN_MACHINES)('%s fits the width of a page', async (name) => {
  const { width, height } = await layoutGraph(describeOwnMachine(name));
  expect(width).toBeLessThanOrEqual(1_200);
  expect(height).toBeLessThanOrEqual(1_200);
});

test('how edges are drawn: the way to a success, deadlines, failures', async () => {
  const { edges } = await layoutGraph(describeOwnMachine('session-init'));
  const of = (kind: string) =>
    edges.filter((edge) => edge.kind === kind).map(({ id }) => id.replaceAll('sessionInit.', ''));
  expect(of('main')).toEqual([
    'receiving->admitting',
    'admitting->authenticating',
    'authenticating->authorizing',
    'authorizing->establishing',
    'establishing->authorized',
  ]);
  expect(of('deadline')).toEqual([
    'sessionInit->requestTimedOut',
    'authenticating->authAttemptTimedOut',
    'authorizing->authAttemptTimedOut',
  ]);
  expect(of('failure')).toContain('admitting->failedUnexpectedly');
});

test('what leaves from the machine itself starts once, at any state', async () => {
  const { id, states, edges } = await layoutGraph(describeOwnMachine('client'));
  expect(states[0]).toMatchObject({ id, type: 'any', lines: [{ text: 'any state' }] });
  expect(edges.filter(({ source }) => source === id).map(({ target }) => target)).toEqual([
    'client.refused',
    'client.requestTimedOut',
  ]);
});

test.each<[string, object, (graph: LaidOutGraph) => void]>([
  [
    'without states',
    { id: 'm', on: { tick: { actions: 'count' } } },
    ({ states, edges }) => {
      expect([states.length, edges.length]).toEqual([1, 0]);
      expect(states[0]?.lines.map(({ text }) => text)).toEqual(['m', 'tick / count']);
    },
  ],
  ['with nothing at all', { id: 'm' }, ({ states }) => expect(states).toHaveLength(1)],
  [
    'whose states lead to the machine itself',
    { id: 'm', initial: 'a', states: { a: { on: { again: '#m' } } } },
    ({ edges }) => expect(edges).toMatchObject([{ source: 'm.a', target: 'm' }]),
  ],
  [
    'of which one state leads into itself',
    { id: 'm', initial: 'a', states: { a: { initial: 'b', on: { x: '.b' }, states: { b: {} } } } },
    ({ edges }) => expect(edges).toMatchObject([{ source: 'm.a', target: 'm.a.b' }]),
  ],
])('lays out a machine %s', async (_, config, check) => {
  const graph = await layoutGraph(describeMachine(createMachine(config)));
  expect(graph.width).toBeGreaterThan(0);
  check(graph);
});

test('without elkjs it says what to install', async () => {
  jest.unstable_mockModule('elkjs/lib/elk.bundled.js', () => {
    throw new Error("Cannot find package 'elkjs'");
  });
  try {
    await expect(layoutGraph(describeOwnMachine('client'))).rejects.toMatchObject({
      code: 'missing_package',
      message: expect.stringContaining('npm install elkjs'),
    });
  } finally {
    jest.unstable_unmockModule('elkjs/lib/elk.bundled.js');
  }
});
