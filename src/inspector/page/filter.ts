import type { InitSummary } from '../protocol.js';
import { OUTCOMES } from './outcomes.js';

/** Whether an init is to be shown. */
export type Filter = (init: InitSummary) => boolean;

const FAILURES = OUTCOMES.filter(({ reason }) => reason !== '').map(({ reason }) => reason);

/** What a filter may be made of, and how each part of it is read. */
const KEYS: Readonly<Record<string, (value: string, states: readonly string[]) => Filter | string>> = {
  outcome(value) {
    const wanted = value.toUpperCase().replaceAll('-', '_');
    if (wanted === 'SUCCESS') return ({ reason }) => reason === undefined;
    if (wanted === 'FAILURE') return ({ reason }) => reason !== undefined;
    if (FAILURES.includes(wanted)) return ({ reason }) => reason === wanted;
    return `There is no outcome ${quoted(value)}. Expected success, failure, or one of: ${FAILURES.join(', ')}.`;
  },
  state(value, states) {
    const wanted = states.find((state) => state.toLowerCase() === value.toLowerCase());
    if (wanted === undefined) return `There is no state ${quoted(value)}. Expected one of: ${states.join(', ')}.`;
    return ({ state, phases }) => state === wanted || phases.some(([phase]) => phase === wanted);
  },
  user: (value) => (init) => includes(init.username, value) || includes(init.user ?? '', value),
  id: (value) => (init) => init.referenceId.startsWith(value),
  address: (value) => (init) => init.ipAddress.startsWith(value),
  cause: (value) => (init) => includes(init.cause ?? '', value) || includes(init.code ?? '', value),
  slower(value) {
    const milliseconds = /^(\d+(?:\.\d+)?)(ms|s)?$/.exec(value);
    if (milliseconds === null) return `slower: expected a time such as 250ms or 2s, and got ${quoted(value)}.`;
    const least = Number(milliseconds[1]) * (milliseconds[2] === 's' ? 1_000 : 1);
    return (init) => init.duration > least;
  },
};

/** The names of what can be asked for. */
export const FILTER_KEYS = Object.keys(KEYS);

/**
 * Reads a filter: `outcome:failure user:alice slower:200ms`, or words that are looked for in the user, the address, the
 * id and the cause. An init has to fit all of them.
 *
 * @param states - the machine's
 * @returns the filter, or a sentence that says what was expected
 */
export function readFilter(text: string, states: readonly string[]): Filter | string {
  const filters: Filter[] = [];
  for (const term of text.match(/(?:[^\s"]|"[^"]*"?)+/g) ?? []) {
    const [, key, value = ''] = /^([A-Za-z]+):(.*)$/s.exec(term) ?? [];
    const wanted = (key === undefined ? term : value).replaceAll('"', '');
    const filter = key === undefined ? anywhere(wanted) : readTerm(key, wanted, states);
    if (typeof filter === 'string') return filter;
    filters.push(filter);
  }
  return (init) => filters.every((filter) => filter(init));
}

function readTerm(key: string, value: string, states: readonly string[]): Filter | string {
  const read = Object.hasOwn(KEYS, key.toLowerCase()) ? KEYS[key.toLowerCase()] : undefined;
  if (read === undefined) {
    return `There is no filter ${quoted(key)}. Expected one of: ${FILTER_KEYS.map((name) => `${name}:`).join(', ')}.`;
  }
  return value === '' ? `${key}: expected a value behind the colon.` : read(value, states);
}

function anywhere(word: string): Filter {
  return ({ username, user = '', ipAddress, referenceId, cause = '', reason = 'success' }) =>
    [username, user, ipAddress, referenceId, cause, reason].some((text) => includes(text, word));
}

function includes(text: string, part: string): boolean {
  return text.toLowerCase().includes(part.toLowerCase());
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 40));
}
