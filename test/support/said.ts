import type { AuthenticationOutcome, Authenticator, CallOptions, Credentials } from '../../src/adapters/ports.js';
import { DefectError, OverloadedError } from '../../src/model/errors.js';

/** What a backend says, in a word. */
export type Word = 'yes' | 'unknown' | 'wrong' | 'no' | 'fault' | 'overload' | 'garbage' | 'defect' | 'hang';

/** A call as a backend saw it, its secrets revealed. */
export interface SeenCall {
  username: string;
  secret: string;
  oneTimeCode: string | undefined;
  ipAddress: string | undefined;
}

/** A backend that says one thing, and remembers what it was asked. */
export interface Said extends Authenticator {
  readonly seen: SeenCall[];
  closed: number;
  probe(options: CallOptions): Promise<void>;
  close(): Promise<void>;
}

const SAYS: Record<Word, (name: string, credentials: Credentials, options: CallOptions) => unknown> = {
  yes: (name, { username }) => ({
    outcome: 'authenticated',
    user: username,
    groups: [name, 'all'],
    claims: { from: name },
  }),
  unknown: () => ({ outcome: 'denied', cause: 'unknownUser' }),
  wrong: () => ({ outcome: 'denied', cause: 'wrongSecret' }),
  no: () => ({ outcome: 'denied' }),
  fault: (name) => Promise.reject(new Error(`${name} is down`)),
  overload: (name) => Promise.reject(new OverloadedError(`${name} is full`, { retryAfter: 7 })),
  garbage: () => ({ outcome: 'authenticated', user: '' }),
  defect: (name) => Promise.reject(new DefectError(`${name} is wrong`)),
  hang: (_, __, { signal }) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    }),
};

/** A backend that says `word`, or what a function makes of the call. */
export function said(
  name: string,
  word:
    | Word
    | ((credentials: Credentials, options: CallOptions) => AuthenticationOutcome | Promise<AuthenticationOutcome>),
): Said {
  const backend: Said = {
    name,
    seen: [],
    closed: 0,
    async authenticate(credentials, options) {
      const { username, secret, oneTimeCode, ipAddress } = credentials;
      backend.seen.push({ username, secret: secret.reveal(), oneTimeCode: oneTimeCode?.reveal(), ipAddress });
      if (typeof word === 'function') return word(credentials, options);
      return SAYS[word](name, credentials, options) as AuthenticationOutcome;
    },
    async probe() {
      if (word === 'fault') throw new Error(`${name} is down`);
    },
    async close() {
      backend.closed++;
    },
  };
  return backend;
}
