import assert from 'node:assert/strict';
import type { AuthenticationOutcome, Authenticator } from '../../adapters/ports.js';
import { Secret } from '../../model/secret.js';
import type { CasesOn } from '../contract-case.js';
import { findSecret } from '../find-secret.js';

/** A user whom the authenticator under test knows. */
export interface KnownUser {
  username: string;
  /** Of at least 8 characters, letters among them. */
  secret: string;
  /** Under which name the backend knows the user. @defaultValue `username` */
  user?: string;
  /** The groups that the authenticator finds, in any order. @defaultValue not looked at */
  groups?: readonly string[];
}

/** Makes an authenticator that knows certain users. */
export type MakeAuthenticator = () => Authenticator | Promise<Authenticator>;

/** What a case runs on: an authenticator, which is closed when the case is over, and the users that it knows. */
export class Stage {
  readonly users: readonly KnownUser[];
  /** The first of the users. */
  readonly user: KnownUser;
  readonly parallel: number;
  readonly #create: MakeAuthenticator;
  readonly #cleanUp: (() => void | Promise<void>) | undefined;
  readonly #opened: Authenticator[] = [];

  constructor(options: {
    create: MakeAuthenticator;
    users: readonly KnownUser[];
    parallelCalls: number;
    cleanUp: (() => void | Promise<void>) | undefined;
  }) {
    this.#create = options.create;
    this.#cleanUp = options.cleanUp;
    this.users = options.users;
    this.user = options.users[0] as KnownUser;
    this.parallel = options.parallelCalls;
  }

  async open(make: MakeAuthenticator = this.#create): Promise<Authenticator> {
    const authenticator = await make();
    this.#opened.push(authenticator);
    return authenticator;
  }

  async close(): Promise<void> {
    try {
      for (const authenticator of this.#opened) await authenticator.close?.();
    } finally {
      await this.#cleanUp?.();
    }
  }
}

/** What is asserted in a call. */
export interface Attempt {
  username: string;
  secret: string;
}

/** Asks, with an address as an orchestrator gives it. Nobody may change what is asserted, nor show the secret. */
export async function authenticate(
  authenticator: Authenticator,
  { username, secret }: Attempt,
  signal: AbortSignal = new AbortController().signal,
): Promise<AuthenticationOutcome> {
  const credentials = Object.freeze({ username, secret: new Secret(secret), ipAddress: '192.0.2.1' });
  const outcome = await authenticator.authenticate(credentials, { signal });
  assert.ok(typeof outcome === 'object' && outcome !== null, 'an outcome is an object');
  if (secret.length >= 8) assert.equal(findSecret(outcome, secret), undefined, 'no outcome shows the secret');
  return outcome;
}

/** The right credentials must be accepted. */
export async function assertAccepted(authenticator: Authenticator, user: KnownUser): Promise<void> {
  const outcome = await authenticate(authenticator, user);
  assert.equal(outcome.outcome, 'authenticated', `${user.username} is authenticated with the right secret`);
  if (outcome.outcome !== 'authenticated') return;
  assert.equal(outcome.user, user.user ?? user.username, `it is ${user.username} who is authenticated`);
  const { groups, claims } = outcome;
  assert.ok(
    groups === undefined || (Array.isArray(groups) && groups.every((group) => typeof group === 'string')),
    'groups, if there are any, are an array of strings',
  );
  assert.ok(
    claims === undefined || (typeof claims === 'object' && claims !== null && !Array.isArray(claims)),
    'claims, if there are any, are an object',
  );
  if (user.groups !== undefined) {
    assert.deepEqual([...(groups ?? [])].sort(), [...user.groups].sort(), `the groups of ${user.username} are found`);
  }
}

/** A no must come as a value, and look the same for whatever cause. */
export async function assertDenied(authenticator: Authenticator, attempt: Attempt, why: string): Promise<void> {
  const outcome = await authenticate(authenticator, attempt);
  assert.equal(outcome.outcome, 'denied', `denied: ${why}`);
  assert.ok(!('user' in outcome), 'a denial names no user');
  const { cause } = outcome as { cause?: unknown };
  assert.ok(cause === undefined || typeof cause === 'string', 'the cause of a denial, if there is one, is a string');
}

/** A part of the suite. */
export type Cases = CasesOn<Stage>;
