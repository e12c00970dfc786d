import type { GraphState, GraphTransition, MachineGraph, Outcome } from './machine-graph.js';

/**
 * An overview of a machine, for people: the ends of each outcome are one state, where there are several, and an arrow to
 * it says the outcome, not what sets it off. Where every state leads to it, the arrow is one from any state.
 */
export function summarizeGraph({ id, root }: MachineGraph): MachineGraph {
  const groups = endsByOutcome(root);
  const groupOf = new Map(groups.flatMap(([outcome, ends]) => ends.map((end) => [end.id, outcome] as const)));
  const groupId = (outcome: Outcome) => `${root.id}.${outcome}`;

  const leadsTo = (state: GraphState, outcome: Outcome) =>
    state.transitions.some(({ targets }) => targets.some((target) => groupOf.get(target) === outcome));
  const working = root.states.filter(({ type }) => type !== 'final');
  const ofAll = new Set(
    groups.map(([outcome]) => outcome).filter((outcome) => working.every((state) => leadsTo(state, outcome))),
  );

  function summarize(state: GraphState): GraphState {
    const leads = (outcome: Outcome) =>
      state === root ? ofAll.has(outcome) || leadsTo(root, outcome) : !ofAll.has(outcome) && leadsTo(state, outcome);
    return {
      ...state,
      transitions: [
        ...state.transitions.filter(({ targets }) => !targets.some((target) => groupOf.has(target))),
        ...groups.flatMap(([outcome]) => (leads(outcome) ? [leadTo(state, outcome, groupId(outcome))] : [])),
      ],
      states: state.states.filter((child) => !groupOf.has(child.id)).map(summarize),
    };
  }

  const summary = summarize(root);
  const ends = groups.map(
    ([outcome, members]): GraphState => ({
      ...(members[0] as GraphState),
      id: groupId(outcome),
      key: members.map(({ key }) => key).join('\n'),
    }),
  );
  return { id, root: { ...summary, states: [...summary.states, ...ends] } };
}

/** The final states at the top, by outcome, where there is more than one. */
function endsByOutcome(root: GraphState): [Outcome, GraphState[]][] {
  const groups = new Map<Outcome, GraphState[]>();
  for (const state of root.states) {
    if (state.outcome !== undefined) groups.set(state.outcome, [...(groups.get(state.outcome) ?? []), state]);
  }
  return [...groups].filter(([, ends]) => ends.length > 1);
}

function leadTo(source: GraphState, outcome: Outcome, target: string): GraphTransition {
  const id = `${source.id}#${outcome}`;
  return { id, source: source.id, targets: [target], kind: 'event', event: outcome, actions: [] };
}
