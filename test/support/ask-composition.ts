import { expect } from '@jest/globals';
import type { AuthenticationOutcome, Authenticator } from '../../src/adapters/ports.js';
import {
  BackendFaultError,
  DefectError,
  OverloadedError,
  type PathStep,
  Secret,
  SessionInitError,
} from '../../src/index.js';
import { type Said, said, type Word } from './said.js';

/** A signal that nobody aborts. */
export const live = () => new AbortController().signal;

export interface Asked {
  username?: string;
  secret?: string;
  oneTimeCode?: string;
}

export function ask(authenticator: Authenticator, asked: Asked = {}, signal = live()): Promise<AuthenticationOutcome> {
  const { username = 'alice', secret = 'marked-user-secret-1', oneTimeCode } = asked;
  const credentials = {
    username,
    secret: new Secret(secret),
    ...(oneTimeCode !== undefined && { oneTimeCode: new Secret(oneTimeCode) }),
    ipAddress: '192.0.2.1',
  };
  return authenticator.authenticate(Object.freeze(credentials), { signal });
}

/** What is thrown, which must be an error of this package. */
export async function faultOf(work: Promise<unknown>): Promise<SessionInitError> {
  const error = await work.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(SessionInitError);
  return error as SessionInitError;
}

/** A path in one line. */
export const inWords = (path: readonly PathStep[] | undefined): string =>
  (path ?? [])
    .map(({ backend, outcome, cause, path: within }) => {
      const more = [cause, within && `(${inWords(within)})`].filter((part) => part !== undefined);
      return [`${backend} ${outcome}`, ...more].join(' ');
    })
    .join(', ');

/** What comes out, in words: `yes corp:alice`, `no wrongSecret`, `fault`. */
export async function result(authenticator: Authenticator, asked?: Asked): Promise<string> {
  try {
    const outcome = await ask(authenticator, asked);
    return outcome.outcome === 'authenticated' ? `yes ${outcome.user}` : `no ${outcome.cause}`;
  } catch (error) {
    if (error instanceof OverloadedError) return `overload ${error.retryAfter}`;
    if (error instanceof DefectError) return 'defect';
    return error instanceof BackendFaultError ? 'fault' : `thrown ${error}`;
  }
}

/** Backends named a, b, c …, each saying one thing. */
export const backends = (...words: Word[]): Said[] => words.map((word, index) => said('abcdef'.charAt(index), word));
/** How often each was asked. */
export const asked = (all: readonly Said[]) => all.map(({ seen }) => seen.length).join('');
