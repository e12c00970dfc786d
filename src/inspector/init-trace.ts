import type { AnyTransitionDefinition, InspectionEvent, Snapshot } from 'xstate';
import { describeGuard } from '../graph/implementation-names.js';
import { describeCause } from '../server/logging/describe-cause.js';
import { printable } from '../server/logging/printable.js';
import type { InitEvent, TakenTransition } from './protocol.js';

const MAX_TEXT = 300;

/** What the inspection of one init shows, as far as it is known to hold no secret: never an event or a context as it is. */
export class InitTrace {
  readonly events: InitEvent[] = [];
  readonly #monotonic: () => number;
  readonly #startedAt: number;
  #response: object | undefined;
  #taken: TakenTransition | undefined;

  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
    this.#startedAt = monotonic();
  }

  /** As it went to the client, but for the secret. */
  get response(): object | undefined {
    return this.#response;
  }

  add(inspected: InspectionEvent): void {
    if (inspected.actorRef.sessionId !== inspected.rootId) return;
    if (inspected.type === '@xstate.microstep') this.#taken = takenOf(inspected._transitions) ?? this.#taken;
    if (inspected.type !== '@xstate.snapshot') return;
    const { event, snapshot } = inspected;
    const from = this.events.at(-1)?.state;
    const state = String((snapshot as Snapshot<unknown> & { value?: unknown }).value);
    const at = this.#monotonic() - this.#startedAt;
    const told: InitEvent = { at, type: event.type, ...(from !== undefined && { from }), state, ...meaningOf(event) };
    if (this.#taken !== undefined) told.taken = this.#taken;
    this.#taken = undefined;
    this.events.push(told);
    // A session's secret is a `Secret`, which JSON does not show.
    if (snapshot.status === 'done') this.#response = JSON.parse(JSON.stringify(snapshot.output));
  }
}

/** The transition that changed the state; undefined if none did, or it is the machine's start. */
function takenOf(transitions: readonly Partial<AnyTransitionDefinition>[]): TakenTransition | undefined {
  const found = transitions.findLast(({ target, eventType }) => target !== undefined && typeof eventType === 'string');
  if (found?.source === undefined) return undefined;
  const { source, eventType = '', guard } = found;
  return { source: source.id, event: eventType, ...(guard !== undefined && { guard: describeGuard(guard) }) };
}

/** What an event says. Of what a backend answered, only what the ports name, and no claims: tokens may be in them. */
function meaningOf(event: { type: string; [key: string]: unknown }): Pick<InitEvent, 'says' | 'actor' | 'isFault'> {
  const [, kind, actor] = /^xstate\.(done|error)\.actor\.(.+)$/.exec(event.type) ?? [];
  if (kind === 'error' && actor !== undefined) {
    return { actor, says: describeCause(event['error']), isFault: true };
  }
  if (actor !== undefined) return { actor, says: answerOf(event['output']) };
  const code = event['code'];
  return event.type === 'request.cancel' ? { says: typeof code === 'string' ? code : 'cancelled' } : {};
}

function answerOf(output: unknown): string {
  if (typeof output !== 'object' || output === null) return 'something that is no answer';
  const { outcome, user, cause, code, session } = output as Record<string, unknown>;
  const told = [
    typeof user === 'string' ? `as ${user}` : undefined,
    typeof code === 'string' ? `code ${code}` : undefined,
    typeof cause === 'string' ? cause : undefined,
    sessionId(session),
  ].filter((it) => it !== undefined);
  const details = told.length > 0 ? ` (${told.join(', ')})` : '';
  return printable(`${typeof outcome === 'string' ? outcome : 'no outcome'}${details}`, MAX_TEXT);
}

function sessionId(session: unknown): string | undefined {
  if (typeof session !== 'object' || session === null) return undefined;
  const id = (session as Record<string, unknown>)['session_id'];
  return typeof id === 'number' ? `session ${id}` : undefined;
}
