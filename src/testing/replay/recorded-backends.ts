import {
  type AdmissionDecision,
  type Backends,
  DefectError,
  FullAuthSession,
  type InitRecording,
  OverloadedError,
  type RecordedActor,
  type RecordedAnswer,
  type RecordedFault,
  Secret,
} from '../../index.js';

/** What an answer that is of no declared shape is replaced by: which one it was is not recorded, and does not matter. */
const INVALID = {};
/** In place of the session's secret, which is not recorded. */
const PLACEHOLDER = new Secret('0'.repeat(64));

/** Backends that answer what a recording says, when they are told to. What was not answered never is. */
export class RecordedBackends {
  readonly #answers = new Map<RecordedActor, PromiseWithResolvers<unknown>>();

  answer(input: RecordedAnswer | RecordedFault): void {
    const { resolve, reject } = this.#answerOf(input.from);
    if ('fault' in input) reject(errorOf(input));
    else resolve(answered(input));
  }

  admit(): Promise<AdmissionDecision> {
    return this.#answerOf('admit').promise as Promise<AdmissionDecision>;
  }

  backends(): Backends {
    const answer = (actor: RecordedActor) => () => this.#answerOf(actor).promise as Promise<never>;
    return {
      authenticator: { name: 'recorded authenticator', authenticate: answer('authenticate') },
      authorizer: { name: 'recorded authorizer', authorize: answer('authorize') },
      sessionManager: {
        name: 'recorded session manager',
        create: answer('establishSession'),
        findBySecret: async () => undefined,
        findById: async () => undefined,
        listByUser: async () => [],
        refresh: async () => undefined,
        remove: async () => true,
        removeExpired: async () => [],
      },
    };
  }

  #answerOf(actor: RecordedActor): PromiseWithResolvers<unknown> {
    const answer = this.#answers.get(actor) ?? withResolvers<unknown>();
    this.#answers.set(actor, answer);
    return answer;
  }
}

interface PromiseWithResolvers<Value> {
  readonly promise: Promise<Value>;
  resolve(value: Value): void;
  reject(error: unknown): void;
}

function withResolvers<Value>(): PromiseWithResolvers<Value> {
  let settle: Omit<PromiseWithResolvers<Value>, 'promise'> | undefined;
  const promise = new Promise<Value>((resolve, reject) => {
    settle = { resolve, reject };
  });
  // It may be rejected before, or without, anybody asking.
  promise.catch(() => {});
  return { promise, ...(settle as NonNullable<typeof settle>) };
}

function answered({ from, answer }: RecordedAnswer): unknown {
  if (answer.outcome === 'invalid') return INVALID;
  if (from !== 'establishSession' || answer.outcome !== 'created') return answer;
  const { created, last_accessed, ...rest } = answer['session'] as RecordedSession;
  return {
    outcome: 'created',
    session: new FullAuthSession({
      ...rest,
      session_secret: PLACEHOLDER,
      created: new Date(created),
      last_accessed: new Date(last_accessed),
    }),
  };
}

type RecordedSession = { session_id: number; user: string; ip_address: string; created: string; last_accessed: string };

function errorOf({ fault, name = 'Error', retryAfter }: RecordedFault): Error {
  const message = `The recorded ${name}.`;
  if (fault === 'overloaded') return new OverloadedError(message, retryAfter === undefined ? {} : { retryAfter });
  return fault === 'defect' ? new DefectError(message) : Object.assign(new Error(message), { name });
}

/** When each input comes in a replay. In a run that was measured a deadline may have fired a little late. */
export function timesOf({ inputs, steps, deadlines }: InitRecording): number[] {
  const PHASES: Readonly<Record<string, number>> = {
    admitting: deadlines.admission,
    authenticating: deadlines.authentication,
    authorizing: deadlines.authorization,
    establishing: deadlines.session,
  };
  let entered = 0;
  const phases = steps.slice(0, -1).filter(({ state }) => state in PHASES);
  return inputs.map(({ at }, index) => {
    const deadline = PHASES[phases[index]?.state ?? ''] ?? Number.POSITIVE_INFINITY;
    entered = Math.min(at, entered + deadline, deadlines.request);
    return entered;
  });
}
