import { edgesOf, reactionsOf, statesOf } from './graph-edges.js';
import type { GraphState, MachineGraph, Outcome } from './machine-graph.js';
import { reactionText, transitionText, triggerText } from './transition-text.js';
import { writable } from './writable-text.js';

const COLOURS: Readonly<Record<Outcome, string>> = {
  success: 'fillcolor="#e3f5e8", color="#1f7a3f"',
  denial: 'fillcolor="#fdf1d8", color="#b07b00"',
  fault: 'fillcolor="#fde8e6", color="#c7473d"',
};

/** Writes a machine in the language of Graphviz. A state with states in it is a cluster. */
export function writeDot({ id, root }: MachineGraph): string {
  const states = statesOf(root);
  const withStates = new Set([root, ...states].filter((state) => state.states.length > 0));

  function declare(state: GraphState, indent: string): string[] {
    if (!withStates.has(state)) return [`${indent}${node(state, state.key)}`];
    return [
      `${indent}subgraph ${quoted(`cluster ${state.id}`)} {`,
      `${indent}  label=${quoted([state.key, ...reactionLines(state)].join('\n'))}; style="rounded${state.type === 'parallel' ? ',dashed' : ''}"; color="#b4bfd1";`,
      // An arrow cannot end at a cluster, so it ends at a point in it that cannot be seen.
      `${indent}  ${quoted(state.id)} [shape=point, style=invis];`,
      ...inside(state, `${indent}  `),
      `${indent}}`,
    ];
  }

  function inside(state: GraphState, indent: string): string[] {
    const start = quoted(`${state.id} `);
    const initial =
      state.type !== 'compound' || state.initial === undefined
        ? []
        : [
            `${start} [shape=point, width=0.12];`,
            `${start} -> ${quoted(state.initial)}${clip(undefined, state.initial)};`,
          ];
    return [...initial.map((line) => indent + line), ...state.states.flatMap((child) => declare(child, indent))];
  }

  function clip(source: string | undefined, target: string, attributes: readonly string[] = []): string {
    const isCluster = (id: string | undefined) => [...withStates].some((state) => state !== root && state.id === id);
    const all = [
      ...attributes,
      ...(isCluster(source) ? [`ltail=${quoted(`cluster ${source}`)}`] : []),
      ...(isCluster(target) ? [`lhead=${quoted(`cluster ${target}`)}`] : []),
    ];
    return all.length === 0 ? '' : ` [${all.join(', ')}]`;
  }

  const hasAny = root.transitions.length > 0 || states.length === 0;
  const lines = [
    `digraph ${quoted(id)} {`,
    '  compound=true; rankdir=TB; fontname="Helvetica";',
    '  node [shape=box, style="rounded,filled", fillcolor="#f3f6fb", color="#b4bfd1", fontname="Helvetica"];',
    '  edge [color="#8a94a6", fontname="Helvetica", fontsize=10];',
    ...(hasAny ? [`  ${node(root, states.length === 0 ? root.key : 'any state', ', style="rounded,dashed"')}`] : []),
    ...inside(root, '  '),
    ...edgesOf({ id, root }).map(({ source, target, transitions }) => {
      const label = transitions.map((it) => triggerText(it, source)).filter((text) => text !== '');
      const attributes = [
        `label=${quoted(label.join('\n'))}`,
        `tooltip=${quoted(transitions.map(transitionText).join('\n'))}`,
        ...(transitions.every(({ kind }) => kind === 'after') ? ['style=dashed'] : []),
      ];
      return `  ${quoted(source.id)} -> ${quoted(target)}${clip(source.id, target, attributes)};`;
    }),
    '}',
  ];
  return `${lines.join('\n')}\n`;
}

function node(state: GraphState, name: string, more = ''): string {
  const { id, type, outcome, description } = state;
  const label = [name, ...state.invokes.map(({ src }) => src), ...reactionLines(state)].join('\n');
  const attributes = [
    `label=${quoted(type === 'history' ? (state.history === 'deep' ? 'H*' : 'H') : label)}`,
    ...(description === undefined ? [] : [`tooltip=${quoted(description)}`]),
    ...(type === 'final' ? ['peripheries=2'] : []),
    ...(type === 'history' ? ['shape=circle'] : []),
    ...(outcome === undefined ? [] : [COLOURS[outcome]]),
  ];
  return `${quoted(id)} [${attributes.join(', ')}${more}];`;
}

function reactionLines(state: GraphState): string[] {
  return reactionsOf(state).map((it) => reactionText(it, state));
}

/** A string of DOT. Its only escapes are of the quote and of what begins with a backslash. */
function quoted(text: string): string {
  return `"${writable(text)
    .replace(/\\/g, '\\\\')
    .replace(/"/g, '\\"')
    .replace(/\r?\n|\r/g, '\\n')}"`;
}
