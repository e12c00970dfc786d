import type { Denied } from '../../adapters/ports.js';
import { BackendFaultError, ConfigurationError } from '../../model/errors.js';

/** What a backend does when it is asked, as data. */
export interface Plan {
  /** Such as `denies after 200 ms`. */
  readonly name: string;
  /** Milliseconds until it answers; undefined: never. */
  readonly delay: number | undefined;
  readonly onAbort: 'rejects' | 'ignores' | 'answers';
  readonly isSynchronous: boolean;
  /** `usual` is what the backend would do without a script. */
  readonly answer: (usual: () => unknown) => unknown;
}

/**
 * What a scripted backend does when it is asked: answer, deny, throw or hang, and how. It is a value: each method gives
 * a new one. It heeds the abort signal of the call, unless it is told to ignore it.
 */
export class Behaviour<out Outcome = never> {
  declare readonly outcome?: Outcome;
  /** @internal */
  readonly plan: Plan;

  /** @internal */
  constructor(plan: Plan) {
    this.plan = plan;
  }

  /** Does it so many milliseconds later. @throws ConfigurationError if that is no finite number from 0 on */
  after(milliseconds: number): Behaviour<Outcome> {
    if (!(Number.isFinite(milliseconds) && milliseconds >= 0)) {
      throw new ConfigurationError(`after() takes a finite number of milliseconds from 0 on, and got ${milliseconds}.`);
    }
    if (this.plan.delay === undefined) {
      throw new ConfigurationError(
        'after() says when an answer comes, and what hangs has none. Leave one of them out.',
      );
    }
    return this.#but({ name: `${this.plan.name} after ${milliseconds} ms`, delay: milliseconds });
  }

  /** Goes on as if nothing were when the call is aborted: the answer comes all the same, late. */
  ignoresAbort(): Behaviour<Outcome> {
    return this.#but({ name: `${this.plan.name}, ignoring an abort`, onAbort: 'ignores' });
  }

  /** Answers at the very moment that the call is aborted, if it has not before. */
  answersOnAbort(): Behaviour<Outcome> {
    return this.#but({ name: `${this.plan.name}, at the latest on an abort`, onAbort: 'answers' });
  }

  /** Does it before it has returned a promise: what throws, throws in the caller's face. */
  synchronously(): Behaviour<Outcome> {
    if (this.plan.delay !== 0) {
      throw new ConfigurationError('synchronously() is at once, so it does not go with after() or hangs().');
    }
    return this.#but({ name: `${this.plan.name} synchronously`, isSynchronous: true });
  }

  #but(change: Partial<Plan>): Behaviour<Outcome> {
    return new Behaviour({ ...this.plan, ...change });
  }
}

/** Does what the backend does without a script: says yes, or, where a real one is behind it, asks that. */
export function answers(): Behaviour;
/** Answers with `value`. */
export function answers<Outcome>(value: Outcome): Behaviour<Outcome>;
export function answers(...value: readonly unknown[]): Behaviour<unknown> {
  if (value.length === 0) return behaviour('answers', (usual) => usual());
  return behaviour('answers with a value', () => value[0]);
}

/**
 * Answers with what `make` makes of the usual answer, which is made only when it is asked for.
 *
 * @example A session manager that forgets the secret
 * ```ts
 * import { FullAuthSession, type SessionCreation } from 'session-init';
 * import { answersWith } from 'session-init/testing';
 *
 * const forgetful = answersWith<SessionCreation>(async (usual) => {
 *   const creation = await usual();
 *   if (creation.outcome !== 'created') return creation;
 *   return { ...creation, session: new FullAuthSession({ ...creation.session, session_secret: undefined }) };
 * });
 * ```
 */
export function answersWith<Outcome>(
  make: (usual: () => Promise<Outcome>) => Outcome | Promise<Outcome>,
): Behaviour<Outcome> {
  return behaviour('answers with something made', (usual) => make(async () => (await usual()) as Outcome));
}

/** Says no, as a value. */
export function denies(cause?: string): Behaviour<Denied> {
  return behaviour(cause === undefined ? 'denies' : `denies as ${cause}`, () => ({ outcome: 'denied', cause }));
}

/** Fails: rejects with `error`, which can be any value. @defaultValue a `BackendFaultError` */
export function throws(...error: readonly [error?: unknown]): Behaviour {
  const thrown = error.length === 0 ? new BackendFaultError('The script says that this fails.') : error[0];
  return behaviour('throws', () => {
    throw thrown;
  });
}

/** Never answers. */
export function hangs(): Behaviour {
  return new Behaviour({ ...behaviour('hangs', (usual) => usual()).plan, delay: undefined });
}

/** Answers with something that its port does not allow. */
export function garbles(value: unknown): Behaviour {
  return behaviour('answers garbage', () => value);
}

function behaviour<Outcome>(name: string, answer: Plan['answer']): Behaviour<Outcome> {
  return new Behaviour({ name, delay: 0, onAbort: 'rejects', isSynchronous: false, answer });
}
