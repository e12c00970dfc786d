import { ConfigurationError, type SessionInitEngine, type SessionLimitPolicy } from '../../index.js';

/** A backend, as a script names it. */
export type BackendName = 'authenticator' | 'authorizer' | 'session manager';
/** What a backend answers: by the rules of its port, or against them. */
export type Outcome = 'yes' | 'no' | 'garbage' | 'an error' | 'overload';

export const BACKENDS: readonly BackendName[] = ['authenticator', 'authorizer', 'session manager'];
export const USERS: readonly string[] = ['alice', 'bob', 'carol'];
export const OUTCOMES: readonly Outcome[] = ['yes', 'no', 'garbage', 'an error', 'overload'];
export const POLICIES: readonly SessionLimitPolicy[] = ['allow', 'reuse', 'evictOldest', 'refuse'];

/** What the world in which a script plays is made of. */
export interface Setting {
  engine: SessionInitEngine;
  limitPolicy: SessionLimitPolicy;
  maxSessionsPerUser: number;
  maxInFlight: number;
  maxQueued: number;
  /** Failed attempts that an account is allowed; 0: there is no throttle. */
  maxFailures: number;
}

/** In which nothing is in the way of an init. */
export const PLAIN_SETTING: Setting = {
  engine: 'compiled',
  limitPolicy: 'allow',
  maxSessionsPerUser: 9,
  maxInFlight: 9,
  maxQueued: 9,
  maxFailures: 0,
};

/** One thing that the world does. An init is named by its user: `alice`, and if she asks again `alice#2`. */
export type Deed =
  | { do: 'init'; init: string; atOnce: Partial<Record<BackendName, Outcome>> }
  | { do: 'answer'; backend: BackendName; init: string; outcome: Outcome }
  /** The session manager has created the session, and its answer is on the way. */
  | { do: 'create'; init: string }
  | { do: 'leave'; init: string }
  /** Timers fire one by one, and what each sets off comes to rest. */
  | { do: 'pass'; milliseconds: number }
  /** All timers that are due fire in one go, as after a stall of the process. */
  | { do: 'stall'; milliseconds: number }
  | { do: 'drain'; milliseconds: number }
  | { do: 'failRemoval' };

/** When it does it: so many turns of the microtask queue after the step before, or once everything has come to rest. */
export type Moment = number | 'atRest';

export interface Step {
  moment: Moment;
  deed: Deed;
}

/** What a run does, start to end. */
export interface Script {
  setting: Setting;
  steps: readonly Step[];
}

/** A script in plain sentences. The first one says what is not as in the plain setting. */
export function sentencesOf({ setting, steps }: Script): string[] {
  const given = Object.entries(setting)
    .filter(([name, value]) => PLAIN_SETTING[name as keyof Setting] !== value)
    .map(([name, value]) => `${name} ${value}`);
  return [...(given.length > 0 ? [`given ${given.join(', ')}`] : []), ...steps.map(sentenceOf)];
}

function sentenceOf({ moment, deed }: Step): string {
  return `${momentOf(moment)}${textOf(deed)}`;
}

function momentOf(moment: Moment): string {
  if (moment === 'atRest') return '';
  return moment === 0 ? 'at once: ' : `${moment} ${moment === 1 ? 'turn' : 'turns'} later: `;
}

function textOf(deed: Deed): string {
  switch (deed.do) {
    case 'init': {
      const eager = Object.entries(deed.atOnce).map(([backend, outcome]) => `, ${backend} at once ${outcome}`);
      return `init ${deed.init}${eager.join('')}`;
    }
    case 'answer':
      return `${deed.backend} answers ${deed.init} ${deed.outcome}`;
    case 'create':
      return `session manager creates for ${deed.init}`;
    case 'leave':
      return `caller of ${deed.init} leaves`;
    case 'pass':
      return `time passes ${deed.milliseconds} ms`;
    case 'stall':
      return `the process stalls ${deed.milliseconds} ms`;
    case 'drain':
      return `drain within ${deed.milliseconds} ms`;
    case 'failRemoval':
      return 'the next removal fails';
  }
}

/**
 * Reads a script from its sentences, one a line or parted by semicolons.
 *
 * @throws ConfigurationError naming the sentence that cannot be read, and those that can
 */
export function readScript(text: string): Script {
  const sentences = text.split(/[;\n]/).map((sentence) => sentence.trim());
  let setting = PLAIN_SETTING;
  const steps: Step[] = [];
  for (const sentence of sentences) {
    if (sentence === '') continue;
    if (sentence.startsWith('given ')) setting = readSetting(sentence);
    else steps.push(readStep(sentence));
  }
  return { setting, steps };
}

function readSetting(sentence: string): Setting {
  const setting: Record<string, unknown> = { ...PLAIN_SETTING };
  for (const part of sentence.slice('given '.length).split(',')) {
    const [name = '', value = ''] = part.trim().split(' ');
    const words = WORDS[name as keyof Setting];
    if (!isSetting(name, value)) {
      const names = Object.keys(PLAIN_SETTING).map(
        (it) => `${it} (${WORDS[it as keyof Setting]?.join(', ') ?? 'a number'})`,
      );
      throw new ConfigurationError(`'${part.trim()}' is no setting of a script. There are: ${names.join('; ')}.`);
    }
    setting[name] = words === undefined ? Number(value) : value;
  }
  return setting as unknown as Setting;
}

function isSetting(name: string, value: string): boolean {
  if (!Object.hasOwn(PLAIN_SETTING, name)) return false;
  const words = WORDS[name as keyof Setting];
  if (words !== undefined) return words.includes(value);
  return /^\d{1,4}$/.test(value) && (Number(value) > 0 || MAY_BE_NONE.includes(name));
}

const WORDS: Partial<Record<keyof Setting, readonly string[]>> = {
  engine: ['compiled', 'actor'],
  limitPolicy: POLICIES,
};
const MAY_BE_NONE: readonly string[] = ['maxQueued', 'maxFailures'];

const NAME = '(?<init>[a-z]+(?:#[1-9]\\d*)?)';
const BACKEND = `(?<backend>${BACKENDS.join('|')})`;
const OUTCOME = `(?<outcome>${OUTCOMES.join('|')})`;
const MILLISECONDS = '(?<milliseconds>\\d+) ms';

type Parts = Record<'init' | 'milliseconds', string> & { backend: BackendName; outcome: Outcome; eager?: string };

/** Each sentence as a reader writes it, how it is recognised, and what it means. */
const SENTENCES: readonly [example: string, pattern: string, deed: (parts: Parts) => Deed][] = [
  [
    'init alice, authenticator at once yes',
    `init ${NAME}(?<eager>(?:, (?:${BACKENDS.join('|')}) at once (?:${OUTCOMES.join('|')}))*)`,
    ({ init, eager = '' }) => ({ do: 'init', init, atOnce: readEager(eager) }),
  ],
  [
    'authenticator answers alice yes',
    `${BACKEND} answers ${NAME} ${OUTCOME}`,
    ({ backend, init, outcome }) => ({ do: 'answer', backend, init, outcome }),
  ],
  ['session manager creates for alice', `session manager creates for ${NAME}`, ({ init }) => ({ do: 'create', init })],
  ['caller of alice leaves', `caller of ${NAME} leaves`, ({ init }) => ({ do: 'leave', init })],
  [
    'time passes 500 ms',
    `time passes ${MILLISECONDS}`,
    (it) => ({ do: 'pass', milliseconds: Number(it.milliseconds) }),
  ],
  [
    'the process stalls 500 ms',
    `the process stalls ${MILLISECONDS}`,
    (it) => ({ do: 'stall', milliseconds: Number(it.milliseconds) }),
  ],
  [
    'drain within 500 ms',
    `drain within ${MILLISECONDS}`,
    (it) => ({ do: 'drain', milliseconds: Number(it.milliseconds) }),
  ],
  ['the next removal fails', 'the next removal fails', () => ({ do: 'failRemoval' })],
];

const PATTERNS = SENTENCES.map(([, pattern, deed]) => [new RegExp(`^${pattern}$`), deed] as const);
const MOMENT = /^(?:at once|(?<turns>\d{1,3}) turns? later): (?<rest>.*)$/;

function readStep(sentence: string): Step {
  const prefix = MOMENT.exec(sentence)?.groups;
  const moment = prefix === undefined ? 'atRest' : Number(prefix['turns'] ?? 0);
  const text = prefix?.['rest'] ?? sentence;
  for (const [pattern, deed] of PATTERNS) {
    const parts = pattern.exec(text)?.groups;
    if (pattern.test(text)) return { moment, deed: deed((parts ?? {}) as unknown as Parts) };
  }
  const examples = SENTENCES.map(([example]) => `'${example}'`).join(', ');
  throw new ConfigurationError(
    `'${sentence}' is no sentence of a script. There are: ${examples}; outcomes are ${OUTCOMES.join(', ')}; ` +
      `any may begin with 'at once: ' or '3 turns later: '.`,
  );
}

function readEager(text: string): Partial<Record<BackendName, Outcome>> {
  const atOnce: Partial<Record<BackendName, Outcome>> = {};
  for (const { groups } of text.matchAll(new RegExp(`, ${BACKEND} at once ${OUTCOME}`, 'g'))) {
    const { backend, outcome } = groups as unknown as Parts;
    atOnce[backend] = outcome;
  }
  return atOnce;
}
