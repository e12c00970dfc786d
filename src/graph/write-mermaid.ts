import { edgesOf, reactionsOf, statesOf } from './graph-edges.js';
import type { GraphState, MachineGraph, Outcome } from './machine-graph.js';
import { escapeMermaid, mermaidNames } from './mermaid-text.js';
import { reactionText, triggerText } from './transition-text.js';

/** Options of {@link writeMermaid}. */
export interface WriteMermaidOptions {
  /** `TB` goes down, `LR` to the right. @defaultValue `'TB'` */
  direction?: 'TB' | 'LR';
}

/** Fills that are readable on a light page and on a dark one, each with its own text. */
const STYLES: Readonly<Record<Outcome | 'any', string>> = {
  success: 'fill:#e3f5e8,stroke:#1f7a3f,color:#1b2333',
  denial: 'fill:#fdf1d8,stroke:#b07b00,color:#1b2333',
  fault: 'fill:#fde8e6,stroke:#c7473d,color:#1b2333',
  any: 'fill:#f0eefb,stroke:#7a6fd0,color:#1b2333,stroke-dasharray:5 3',
};

/** Writes a machine as a Mermaid diagram of states, as GitHub shows it in Markdown. */
export function writeMermaid({ id, root }: MachineGraph, { direction = 'TB' }: WriteMermaidOptions = {}): string {
  const edges = edgesOf({ id, root });
  const states = statesOf(root);
  const hasAny = root.transitions.length > 0 || states.length === 0;
  const names = mermaidNames(
    states.map(({ id }) => id),
    new Map([[root.id, 'anyState']]),
  );
  const nameOf = ({ id }: { id: string }) => names.get(id) as string;

  function declare(state: GraphState, label: string, indent: string): string[] {
    const name = nameOf(state);
    const reactions = reactionsOf(state).map((it) => reactionText(it, state));
    if (state.states.length > 0 && state !== root) {
      // Mermaid takes one text for a state with states in it, and several for any other.
      return [
        `${indent}state "${escapeMermaid([label, ...reactions].join('\n'))}" as ${name}`,
        `${indent}state ${name} {`,
        ...declareInside(state, `${indent}  `),
        `${indent}}`,
      ];
    }
    if (label === name && reactions.length === 0) return [`${indent}${name}`];
    return [
      `${indent}state "${escapeMermaid(label)}" as ${name}`,
      ...reactions.map((text) => `${indent}${name} : ${escapeMermaid(text)}`),
    ];
  }

  function declareInside(state: GraphState, indent: string): string[] {
    const initial = state.type === 'compound' && state.initial !== undefined ? [names.get(state.initial)] : [];
    return [
      ...initial.map((name) => `${indent}[*] --> ${name}`),
      ...state.states.flatMap((child, index) => [
        // The parts of a parallel state are drawn side by side.
        ...(state.type === 'parallel' && index > 0 ? [`${indent}--`] : []),
        ...declare(child, labelOf(child), indent),
        ...(child.type === 'final' && child.outcome === undefined ? [`${indent}${nameOf(child)} --> [*]`] : []),
      ]),
    ];
  }

  // A final state has a mark of its own only where its colour does not say what it is.
  const lines = [
    'stateDiagram-v2',
    `  direction ${direction}`,
    ...(hasAny ? declare(root, states.length === 0 ? root.key : 'any state', '  ') : []),
    ...declareInside(root, '  '),
    ...edges.map(({ source, target, transitions }) => {
      const texts = transitions.map((it) => triggerText(it, source)).filter((text) => text !== '');
      const label = texts.length === 0 ? '' : ` : ${texts.map(escapeMermaid).join('<br>')}`;
      return `  ${nameOf(source)} --> ${names.get(target)}${label}`;
    }),
    ...styles([
      ...states.flatMap((it) => (it.outcome ? [[it.outcome, nameOf(it)] as const] : [])),
      ...(hasAny ? [['any', nameOf(root)] as const] : []),
    ]),
  ];
  return `${lines.join('\n')}\n`;
}

function labelOf({ key, type, history }: GraphState): string {
  if (type !== 'history') return key;
  return history === 'deep' ? 'H*' : 'H';
}

function styles(styled: readonly (readonly [style: keyof typeof STYLES, name: string])[]): string[] {
  return (Object.keys(STYLES) as (keyof typeof STYLES)[]).flatMap((style) => {
    const names = styled.filter(([of]) => of === style).map(([, name]) => name);
    return names.length === 0 ? [] : [`  classDef ${style} ${STYLES[style]}`, `  class ${names.join(',')} ${style}`];
  });
}
