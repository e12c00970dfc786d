import type { Clock } from '../../model/clock.js';
import { ConfigurationError, DefectError } from '../../model/errors.js';
import { Behaviour, type Plan } from './behaviour.js';
import { EndlessSequence, Sequence } from './sequence.js';

/** The names of the methods of a port. */
export type MethodOf<Port> = {
  [Name in keyof Port]-?: NonNullable<Port[Name]> extends (...args: never[]) => Promise<unknown> ? Name : never;
}[keyof Port];

/** What a method of a port is called with. */
export type ArgumentsOf<Method> = Method extends (...args: infer Arguments) => unknown ? Arguments : never;
/** What a method of a port answers. */
export type OutcomeOf<Method> = Method extends (...args: never[]) => Promise<infer Outcome> ? Outcome : never;

/** What a method of a backend does: always the same, one thing after the other, or as it depends on the arguments. */
export type Script<Method> =
  | Behaviour<OutcomeOf<Method>>
  | Sequence<OutcomeOf<Method>>
  | EndlessSequence<OutcomeOf<Method>>
  | ((...args: ArgumentsOf<Method>) => Behaviour<OutcomeOf<Method>>);

/** A call of a backend, and what came of it so far. */
export type RecordedCall<Port> = {
  [Name in MethodOf<Port>]: {
    readonly method: Name;
    readonly args: ArgumentsOf<NonNullable<Port[Name]>>;
    /** When it was called, by the `monotonic()` of the clock. */
    readonly at: number;
    readonly state: 'pending' | 'answered' | 'failed';
    /** When it was settled. */
    readonly settledAt: number | undefined;
    readonly outcome: OutcomeOf<NonNullable<Port[Name]>> | undefined;
    readonly error: unknown;
  };
}[MethodOf<Port>];

/** What a scripted backend has beside the methods of its port. */
export interface ScriptedBackend<Port> {
  /** Every call, in order. Secrets in it are `Secret`s, so it can be printed. */
  readonly calls: readonly RecordedCall<Port>[];
  /** Why scripts could not go on: a sequence that ran out. */
  readonly scriptErrors: readonly DefectError[];
  /**
   * From now on, `method` does this. What is under way goes on as it began.
   *
   * @throws ConfigurationError if there is no such method, or the script is none
   */
  on<Name extends MethodOf<Port>>(method: Name, script: Script<NonNullable<Port[Name]>>): this;
  /** The calls of one method, in order. */
  callsOf<Name extends MethodOf<Port>>(method: Name): readonly Extract<RecordedCall<Port>, { method: Name }>[];
}

/** A call while it is being recorded. */
interface Entry {
  method: string;
  args: unknown[];
  at: number;
  state: 'pending' | 'answered' | 'failed';
  settledAt: number | undefined;
  outcome: unknown;
  error: unknown;
}

type AnyScript = Behaviour<unknown> | Sequence<unknown> | EndlessSequence<unknown> | ((...args: unknown[]) => unknown);

/**
 * Puts scripts and a record of calls in front of `inner`, which answers wherever no script says otherwise.
 *
 * @throws ConfigurationError if `inner` is no such backend
 */
export function scriptedBackend<Port extends { readonly name: string }>(
  inner: Port,
  methods: readonly MethodOf<Port>[],
  clock: Clock,
): Port & ScriptedBackend<Port> {
  const names = methods as readonly string[];
  const [main = ''] = names;
  if (typeof (inner as unknown as Record<string, unknown>)[main] !== 'function') {
    throw new ConfigurationError(
      `What stands behind a scripted backend must be a real one, and this has no method ${main}. What it is to do instead ` +
        `is said by on('${main}', …), or by the option script of createTestOrchestrator.`,
    );
  }
  const scripts = new Map<string, { script: AnyScript; calls: number }>();
  const calls: Entry[] = [];
  const scriptErrors: DefectError[] = [];

  function behaviourFor(method: string, args: unknown[]): Behaviour<unknown> | undefined {
    const scripted = scripts.get(method);
    if (scripted === undefined) return undefined;
    const { script } = scripted;
    const what = `${inner.name}.${method}`;
    try {
      if (script instanceof Behaviour) return script;
      if (typeof script !== 'function') return script.at(scripted.calls++, what);
      const chosen = script(...args);
      if (chosen instanceof Behaviour) return chosen;
      throw new DefectError(`The script of ${what} must return a behaviour, such as answers() or denies().`);
    } catch (error) {
      // A script that fails must never pass for a backend that does.
      const defect =
        error instanceof DefectError ? error : new DefectError(`The script of ${what} threw.`, { cause: error });
      scriptErrors.push(defect);
      throw defect;
    }
  }

  function call(method: string, args: unknown[]): Promise<unknown> {
    const at = clock.monotonic();
    const entry: Entry = {
      method,
      args,
      at,
      state: 'pending',
      settledAt: undefined,
      outcome: undefined,
      error: undefined,
    };
    calls.push(entry);
    const settle = (state: Entry['state'], change: Partial<Entry>) =>
      Object.assign(entry, { state, settledAt: clock.monotonic() }, change);
    const usual = () =>
      (inner as unknown as Record<string, ((...args: never[]) => unknown) | undefined>)[method]?.(...(args as never[]));
    try {
      const plan = behaviourFor(method, args)?.plan;
      const answer = plan === undefined ? Promise.resolve(usual()) : act(plan, usual, clock, args.at(-1));
      return answer.then(
        (outcome) => {
          settle('answered', { outcome });
          return outcome;
        },
        (error) => {
          settle('failed', { error });
          throw error;
        },
      );
    } catch (error) {
      settle('failed', { error });
      throw error;
    }
  }

  const backend = {
    name: inner.name,
    ...Object.fromEntries(names.map((method) => [method, (...args: unknown[]) => call(method, args)])),
    calls,
    scriptErrors,
    on(method: string, script: AnyScript) {
      if (!names.includes(method)) {
        throw new ConfigurationError(`${inner.name} has no method ${String(method)}. There are: ${names.join(', ')}.`);
      }
      if (!isScript(script)) {
        throw new ConfigurationError(
          `The script of ${inner.name}.${method} must be a behaviour (answers(…), denies(…), throws(…), hangs(), ` +
            'garbles(…)), a sequence that begins with first(…), or a function that returns a behaviour.',
        );
      }
      scripts.set(method, { script, calls: 0 });
      return backend;
    },
    callsOf: (method: string) => calls.filter((entry) => entry.method === method),
  };
  return backend as unknown as Port & ScriptedBackend<Port>;
}

function isScript(script: unknown): script is AnyScript {
  return [Behaviour, Sequence, EndlessSequence].some((type) => script instanceof type) || typeof script === 'function';
}

function act(plan: Plan, usual: () => unknown, clock: Clock, options: unknown): Promise<unknown> {
  if (plan.isSynchronous) return Promise.resolve(plan.answer(usual));
  return new Promise((resolve, reject) => {
    const answer = () => {
      try {
        resolve(plan.answer(usual));
      } catch (error) {
        reject(error);
      }
    };
    if (plan.delay === 0) return answer();
    const timer = plan.delay === undefined ? undefined : clock.setTimeout(answer, plan.delay);
    // Who ignores the signal does not even read it: a signal that nobody asks for is never made.
    if (plan.onAbort === 'ignores') return;
    const signal = (options as { signal?: AbortSignal } | undefined)?.signal;
    const abort = () => {
      clock.clearTimeout(timer);
      if (plan.onAbort === 'answers') answer();
      else reject(signal?.reason);
    };
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  });
}
