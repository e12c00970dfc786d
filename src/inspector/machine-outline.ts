import type { MachineOutline } from './protocol.js';

const MAX_STATES = 400;
const MAX_EVENTS = 60;
const MAX_TEXT = 200;

/** The states of a machine, from its definition as JSON could hold it; undefined if it is none of a machine with states. */
export function machineOutline(definition: unknown): MachineOutline | undefined {
  let left = MAX_STATES;

  function outline(key: string, definition: unknown): MachineOutline {
    left--;
    const { description, type, on, after, always, states } = recordOf(definition);
    const events = [
      ...Object.entries(recordOf(on)),
      ...Object.entries(recordOf(after)).map(([delay, target]) => [`after ${delay}`, target] as const),
      ...(always === undefined ? [] : [['always', always] as const]),
    ];
    return {
      key: text(key),
      ...(typeof description === 'string' && { description: text(description) }),
      ...(type === 'final' && { isFinal: true }),
      events: events
        .slice(0, MAX_EVENTS)
        .map(([event, transition]) => ({ event: text(event), target: targetOf(transition) })),
      states: Object.entries(recordOf(states)).flatMap(([key, state]) => (left > 0 ? [outline(key, state)] : [])),
    };
  }

  const { id, states } = recordOf(definition);
  if (Object.keys(recordOf(states)).length === 0) return undefined;
  return outline(typeof id === 'string' ? id : 'machine', definition);
}

/** The active states of a snapshot's value: `{ player: { a: 'on', b: 'off' } }` is `player.a.on` and `player.b.off`. */
export function activeStates(value: unknown, path = '', depth = 0): string[] {
  if (typeof value === 'string') return [text(`${path}${value}`)];
  if (depth > 20) return [];
  return Object.entries(recordOf(value)).flatMap(([key, inner]) => {
    const below = activeStates(inner, `${path}${key}.`, depth + 1);
    return below.length > 0 ? below : [text(`${path}${key}`)];
  });
}

function targetOf(transition: unknown): string {
  const targets = (Array.isArray(transition) ? transition : [transition]).map((one: unknown) =>
    typeof one === 'string' ? one : recordOf(one)['target'],
  );
  const names = targets.flat().filter((target) => typeof target === 'string');
  return text([...new Set(names)].join(', '));
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function text(value: string): string {
  return value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT)}…` : value;
}
