import { describe, expect, test } from '@jest/globals';
import { createMachine } from 'xstate';
import { describeMachine } from '../../src/graph/describe-machine.js';
import { edgesOf, statesOf } from '../../src/graph/graph-edges.js';
import { describeOwnMachine, OWN_MACHINES } from '../../src/graph/own-machines.js';
import { summarizeGraph } from '../../src/graph/summarize-graph.js';
import { writeMermaid } from '../../src/graph/write-mermaid.js';
import { HOSTILE, playerMachine } from '../support/player-machine.js';

/** What Mermaid makes of a text: its entities are those of HTML, without the ampersand. */
function shown(text: string): string {
  return text.replaceAll('<br>', '\n').replace(/#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));
}

/** Every kind of line that is written, in the grammar of Mermaid. A text has no character that ends it. */
const NAME = '[A-Za-z_][A-Za-z0-9_]*';
const TEXT = '(?:[^":;#<>{}%&\\n]|#\\d+;|<br>)+';
const LINES = [
  /^stateDiagram-v2$/,
  /^ +direction (TB|LR)$/,
  new RegExp(`^ +${NAME}$`),
  new RegExp(`^ +state "${TEXT}" as ${NAME}$`),
  new RegExp(`^ +state ${NAME} \\{$`),
  /^ +(\}|--)$/,
  new RegExp(`^ +${NAME} : ${TEXT}$`),
  new RegExp(`^ +(\\[\\*\\]|${NAME}) --> (\\[\\*\\]|${NAME})( : ${TEXT})?$`),
  /^ +classDef \w+ [\w#:,. -]+$/,
  new RegExp(`^ +class ${NAME}(,${NAME})* \\w+$`),
];

describe.each([...OWN_MACHINES, 'player'])('%s', (name) => {
  const own = OWN_MACHINES.find((it) => it === name);
  const graph = own ? describeOwnMachine(own) : describeMachine(playerMachine);
  const lines = writeMermaid(graph).trimEnd().split('\n');

  test('has only lines that Mermaid knows', () => {
    expect(lines.filter((line) => !LINES.some((known) => known.test(line)))).toEqual([]);
  });

  test('opens and closes each state that has others in it', () => {
    const withStates = statesOf(graph.root).filter(({ states }) => states.length > 0);
    expect(lines.filter((line) => line.endsWith('{'))).toHaveLength(withStates.length);
    expect(lines.filter((line) => line.trim() === '}')).toHaveLength(withStates.length);
  });

  test('has one arrow for each edge, between states that are declared', () => {
    const arrows = lines.filter((line) => line.includes('-->') && !line.includes('[*]'));
    expect(arrows).toHaveLength(edgesOf(graph).length);
    const declared = lines.flatMap((line) => /^ +(?:state ".*" as )?(\w+)$/.exec(line)?.[1] ?? []);
    for (const [, from, to] of arrows.map((line) => /^ +(\w+) --> (\w+)/.exec(line) ?? [])) {
      expect(declared).toEqual(expect.arrayContaining([from, to]));
    }
    expect(new Set(declared).size).toBe(declared.length);
  });
});

test('what a transition says: its event, guard, deadline, and what there is else', () => {
  const text = writeMermaid(describeOwnMachine('session-init'));
  expect(text).toContain('  anyState --> requestTimedOut : requestTimeout 10 s\n');
  expect(text).toContain('  establishing --> refused : done [isLimitReached]<br>failed [isOverload]\n');
  expect(text).toContain('  establishing --> sessionManagerFailed : failed [else]<br>sessionTimeout 5 s\n');
  expect(text).toContain('  class authorized success\n');
});

test('hostile names are shown as they are, and are no syntax', () => {
  const text = writeMermaid(describeMachine(playerMachine));
  const label = /stopped --> _\w+ : (.*)/.exec(text)?.[1] ?? '';
  expect(label).not.toBe('');
  expect(shown(label)).toBe(HOSTILE.replace('\u0007', '\ufffd'));
  expect(text).not.toMatch(/<(?!br>)/);
});

test.each(['end', 'state', 'note', 'class', 'toString', '__proto__', 'TB', '1st', 'ünï-cödé', ''])(
  '%j is no name in Mermaid',
  (key) => {
    const machine = createMachine({ id: 'm', initial: 'a', states: { a: { on: { x: 'target' } }, target: {} } });
    const graph = describeMachine(machine);
    const [first] = graph.root.states;
    if (first === undefined) throw new Error('There is no state.');
    const text = writeMermaid({ ...graph, root: { ...graph.root, states: [{ ...first, id: `m.${key}`, key }] } });
    expect(text).toMatch(/^ {2}state ".*" as [A-Za-z_]\w*$/m);
  },
);

test('an overview: the ends of each outcome together, and one arrow where every state leads there', () => {
  const text = writeMermaid(summarizeGraph(describeOwnMachine('session-init')), { direction: 'LR' });
  expect(text).toContain('direction LR');
  expect(text).toContain('state "authenticationDenied<br>notAuthorized<br>refused" as denial\n');
  const arrows = [...text.matchAll(/(\w+) --> (\w+)/g)].map(([arrow]) => arrow);
  expect(arrows).toEqual([
    'anyState --> denial',
    'anyState --> fault',
    'receiving --> admitting',
    'admitting --> authenticating',
    'authenticating --> authorizing',
    'authorizing --> establishing',
    'establishing --> authorized',
  ]);
});

test('an overview of a machine without ends to put together is the machine', () => {
  const graph = describeOwnMachine('connection');
  expect(summarizeGraph(graph)).toEqual(graph);
});
