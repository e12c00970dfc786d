import assert from 'node:assert/strict';
import type { SessionManager, SessionPage } from '../../adapters/ports.js';
import type { Clock, SessionLifetimeOptions } from '../../index.js';
import type { Secret } from '../../model/secret.js';
import { FullAuthSession } from '../../model/session.js';
import type { CasesOn } from '../contract-case.js';
import { type SimulatedClock, simulatedClock } from '../simulated-clock.js';

/** What a session manager of the contract suite is made with. */
export interface ContractManagerOptions extends SessionLifetimeOptions {
  clock: Clock;
}

/** Makes a session manager, on a store that the suite's caller knows. */
export type MakeManager = (options: ContractManagerOptions) => SessionManager | Promise<SessionManager>;

/** A session together with the secret that `create` gave for it. */
export interface Established {
  readonly id: number;
  readonly secret: Secret;
  readonly session: FullAuthSession;
  readonly evicted: readonly number[];
}

/** What a case runs on: a clock, and managers that are closed when the case is over. */
export class Stage {
  readonly clock: SimulatedClock = simulatedClock();
  /** How many calls come at once in a race. */
  readonly parallel: number;
  readonly #create: MakeManager;
  readonly #attach: MakeManager | undefined;
  readonly #cleanUp: (() => void | Promise<void>) | undefined;
  readonly #opened: SessionManager[] = [];

  constructor(
    create: MakeManager,
    attach: MakeManager | undefined,
    parallel: number,
    cleanUp: (() => void | Promise<void>) | undefined,
  ) {
    this.#create = create;
    this.#attach = attach;
    this.parallel = parallel;
    this.#cleanUp = cleanUp;
  }

  /** A manager on a fresh store. */
  open(options: SessionLifetimeOptions = {}): Promise<SessionManager> {
    return this.#make(this.#create, options);
  }

  /** Another manager on the store of the one that was opened last. */
  attach(options: SessionLifetimeOptions = {}): Promise<SessionManager> {
    assert.ok(this.#attach, 'attach was given to the suite');
    return this.#make(this.#attach, options);
  }

  async #make(make: MakeManager, options: SessionLifetimeOptions): Promise<SessionManager> {
    const manager = await make({ ...options, clock: this.clock });
    this.#opened.push(manager);
    return manager;
  }

  async close(): Promise<void> {
    try {
      for (const manager of this.#opened) await manager.close?.();
    } finally {
      await this.#cleanUp?.();
    }
  }
}

/** Creates a session that must come about. */
export async function establish(
  manager: SessionManager,
  user = 'alice',
  ipAddress = '192.0.2.1',
): Promise<Established> {
  const creation = await manager.create({ user, ipAddress }, { signal: new AbortController().signal });
  assert.equal(creation.outcome, 'created');
  const { session, evicted = [] } = creation;
  assert.ok(session instanceof FullAuthSession, 'create returns a FullAuthSession');
  assert.ok(session.session_secret, 'create returns the secret');
  return { id: session.session_id, secret: session.session_secret, session, evicted: [...evicted] };
}

/** Asks for so many sessions one after the other. */
export async function establishMany(manager: SessionManager, count: number, user?: string): Promise<Established[]> {
  const established: Established[] = [];
  for (let i = 0; i < count; i += 1) established.push(await establish(manager, user));
  return established;
}

// Copies, since a test runner may run a suite in a realm of its own, where the array of another is not deeply equal.

export async function listedIds(manager: SessionManager, user?: string, page?: SessionPage): Promise<number[]> {
  return Array.from(await manager.listByUser(user, page), ({ session_id }) => session_id);
}

export async function sweep(manager: SessionManager, limit: number): Promise<FullAuthSession[]> {
  return Array.from(await manager.removeExpired(limit));
}

/** Every look-up must find the session, alive and as it was created. */
export async function assertLive(manager: SessionManager, { id, secret, session }: Established): Promise<void> {
  assert.equal((await manager.findBySecret(secret))?.session_id, id, `session ${id} is found by its secret`);
  assert.equal((await manager.findById(id))?.session_id, id, `session ${id} is found by its id`);
  const listed = await listedIds(manager, session.user, { after: id - 1, limit: 1 });
  assert.deepEqual(listed, [id], `session ${id} is in the list of its user`);
}

/** No look-up may find the session, and `refresh` must not bring it back. */
export async function assertEnded(manager: SessionManager, { id, secret, session }: Established): Promise<void> {
  assert.equal(await manager.findBySecret(secret), undefined, `session ${id} has ended: not found by its secret`);
  assert.equal(await manager.findById(id), undefined, `session ${id} has ended: not found by its id`);
  assert.equal(await manager.refresh(id), undefined, `session ${id} has ended: not refreshed`);
  for (const user of [session.user, undefined]) {
    const listed = await listedIds(manager, user, { after: id - 1, limit: 1 });
    assert.ok(!listed.includes(id), `session ${id} has ended: not listed`);
  }
  assert.equal(await manager.findBySecret(secret), undefined, `session ${id} stays ended`);
}

/** A part of the suite. */
export type Cases = CasesOn<Stage>;
