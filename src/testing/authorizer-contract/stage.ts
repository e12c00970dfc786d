import assert from 'node:assert/strict';
import type { AuthorizationOutcome, AuthorizationRequest, Authorizer } from '../../adapters/ports.js';
import type { CasesOn } from '../contract-case.js';

/** Makes an authorizer with certain rules. */
export type MakeAuthorizer = () => Authorizer | Promise<Authorizer>;

/** What a case runs on: an authorizer, which is closed when the case is over, and whom it lets have a session. */
export class Stage {
  readonly allowed: readonly AuthorizationRequest[];
  readonly denied: readonly AuthorizationRequest[];
  readonly parallel: number;
  readonly #create: MakeAuthorizer;
  readonly #cleanUp: (() => void | Promise<void>) | undefined;
  readonly #opened: Authorizer[] = [];

  constructor(options: {
    create: MakeAuthorizer;
    allowed: readonly AuthorizationRequest[];
    denied: readonly AuthorizationRequest[];
    parallelCalls: number;
    cleanUp: (() => void | Promise<void>) | undefined;
  }) {
    this.#create = options.create;
    this.#cleanUp = options.cleanUp;
    this.allowed = options.allowed;
    this.denied = options.denied;
    this.parallel = options.parallelCalls;
  }

  async open(make: MakeAuthorizer = this.#create): Promise<Authorizer> {
    const authorizer = await make();
    this.#opened.push(authorizer);
    return authorizer;
  }

  async close(): Promise<void> {
    try {
      for (const authorizer of this.#opened) await authorizer.close?.();
    } finally {
      await this.#cleanUp?.();
    }
  }
}

/** Asks. Nobody may change the request. */
export async function authorize(
  authorizer: Authorizer,
  request: AuthorizationRequest,
  signal: AbortSignal = new AbortController().signal,
): Promise<AuthorizationOutcome> {
  const { user, groups, claims, ipAddress } = request;
  const frozen = Object.freeze({
    user,
    groups: groups && Object.freeze([...groups]),
    claims: claims && Object.freeze({ ...claims }),
    ipAddress,
  });
  const outcome = await authorizer.authorize(frozen, { signal });
  assert.ok(typeof outcome === 'object' && outcome !== null, 'an outcome is an object');
  assert.ok(outcome.outcome === 'authorized' || outcome.outcome === 'denied', 'an outcome is authorized or denied');
  if (outcome.outcome === 'denied') {
    assert.ok(
      outcome.cause === undefined || typeof outcome.cause === 'string',
      'a cause, if there is one, is a string',
    );
  }
  return outcome;
}

/** Everybody must get the answer that is due to them. */
export async function assertDecides(
  authorizer: Authorizer,
  { allowed, denied }: Pick<Stage, 'allowed' | 'denied'>,
): Promise<void> {
  for (const identity of allowed) {
    assert.equal((await authorize(authorizer, identity)).outcome, 'authorized', `${identity.user} is authorized`);
  }
  for (const identity of denied) {
    assert.equal((await authorize(authorizer, identity)).outcome, 'denied', `${identity.user} is denied`);
  }
}

/** A part of the suite. */
export type Cases = CasesOn<Stage>;
