import { createActor, type InspectionEvent } from 'xstate';
import type { Clock } from '../model/clock.js';
import type { Closure } from './closures.js';
import { type ConnectionEvent, type ConnectionInput, connectionMachine } from './connection.js';
import { compileMachine, Unsupported } from './engine/compile.js';
import { Execution } from './engine/execution.js';

/** A conversation that is under way. */
export interface RunningConnection {
  /** How it was closed; undefined before. */
  closure(): Closure | undefined;
  /** Tells it what happened. Without effect once it is closed. */
  send(event: ConnectionEvent): void;
}

/** Options of {@link connectionRunner}. */
export interface ConnectionRunnerOptions {
  clock: Clock;
  /** Gets XState's inspection events. It must not throw. */
  inspect?: ((event: InspectionEvent) => void) | undefined;
}

/**
 * Starts a conversation.
 *
 * @param onDefect - called with what the machine itself threw, if it did; it takes no event after that
 */
export type StartConnection = (input: ConnectionInput, onDefect: (defect: unknown) => void) => RunningConnection;

/**
 * Prepares to run conversations. XState's own actor runs them if somebody inspects, and otherwise the engine that is
 * compiled from the same machine: an event takes it a fifth of the time.
 */
export function connectionRunner({ clock, inspect }: ConnectionRunnerOptions): StartConnection {
  const tables = inspect === undefined ? compileMachine(connectionMachine) : undefined;
  if (tables === undefined || tables instanceof Unsupported) return actorRunner(clock, inspect);
  return (input, onDefect) => {
    const observer = { next: () => {}, emit: () => {}, complete: () => {}, lacks: () => {}, error: onDefect };
    const execution = new Execution(tables, clock, observer).start(input);
    return {
      closure: () => execution.output as Closure | undefined,
      send: (event) => execution.send(event),
    };
  };
}

function actorRunner(clock: Clock, inspect: ConnectionRunnerOptions['inspect']): StartConnection {
  return (input, onDefect) => {
    const actor = createActor(connectionMachine, { input, clock, logger: () => {}, ...(inspect && { inspect }) });
    // The observer is there before the start: a machine that throws with no error observer ends the process.
    actor.subscribe({ error: onDefect });
    actor.start();
    return {
      closure: () => actor.getSnapshot().output,
      send: (event) => actor.send(event),
    };
  };
}
