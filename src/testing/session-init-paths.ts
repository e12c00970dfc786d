import type { AnyStateMachine } from 'xstate';
import { type SessionInitEngine, type SessionInitMachine, sessionInitMachine } from '../index.js';
import type { ContractCase } from './contract-case.js';
import { findPaths } from './paths/find-paths.js';
import { type MachineMap, mapOf } from './paths/machine-map.js';
import { playOnMachine } from './paths/play-on-machine.js';
import { playOnOrchestrator } from './paths/play-on-orchestrator.js';
import type { ActorEnding } from './paths/stimuli.js';
import type { MakeTransport } from './transport-contract/stage.js';

export type { ActorEnding } from './paths/stimuli.js';

/** Options of {@link sessionInitPaths}. */
export interface SessionInitPathsOptions {
  /** The machine, as it is given to an orchestrator. It must be flat. @defaultValue `sessionInitMachine` */
  machine?: SessionInitMachine;
  /** How each actor ends that the machine invokes beyond the usual four, by its source. */
  actors?: Readonly<Record<string, readonly ActorEnding[]>>;
  /** Carries requests and responses, as in `transportContract`. @defaultValue the orchestrator is called directly */
  transport?: MakeTransport;
  /**
   * What runs the machine. Only XState's actor shows which transitions it takes, so `compiled` covers states alone.
   *
   * @defaultValue `'actor'`
   */
  engine?: SessionInitEngine;
}

/** A path as a test. */
export interface PathCase extends ContractCase {
  /** The states that it rests in, the terminal one last. */
  readonly states: readonly string[];
  /** Where it is played: what the ports of an orchestrator rule out is played on the machine alone. */
  readonly on: 'orchestrator' | 'machine';
}

/** What the cases that have run so far have come through, and what they have not. */
export interface PathCoverage {
  readonly states: { readonly covered: readonly string[]; readonly missing: readonly string[] };
  readonly transitions: { readonly covered: readonly string[]; readonly missing: readonly string[] };
  /** A report for people. */
  toString(): string;
}

/** Every path through a machine, and how much of it they have covered. */
export interface SessionInitPaths {
  readonly cases: readonly PathCase[];
  coverage(): PathCoverage;
}

/**
 * Model-based tests: every path through the machine that comes through no state twice, generated from the very machine
 * that runs, each played on a real orchestrator with scripted backends under simulated time. A case checks that the init
 * goes through the states of its path, that the client gets the reason and the code, and that no session is left behind.
 *
 * @example On a machine of your own, with Node's runner
 * ```ts
 * import assert from 'node:assert/strict';
 * import { test } from 'node:test';
 * import { sessionInitMachine } from 'session-init';
 * import { sessionInitPaths } from 'session-init/testing';
 *
 * const { cases, coverage } = sessionInitPaths({ machine: sessionInitMachine }); // put yours in its place
 *
 * for (const { name, run } of cases) test(name, run);
 * test('every state and transition is covered', () => {
 *   console.log(String(coverage()));
 *   assert.deepEqual(coverage().transitions.missing, []);
 * });
 * ```
 *
 * @throws ConfigurationError if the machine is not flat, or invokes an actor of which `actors` does not tell
 */
export function sessionInitPaths(options: SessionInitPathsOptions = {}): SessionInitPaths {
  const { machine = sessionInitMachine, actors = {}, transport, engine = 'actor' } = options;
  const map = mapOf(machine as unknown as AnyStateMachine);
  const [states, transitions] = [new Set<string>(), new Set<string>()];
  const [start] = machine.root.initial.target;
  const cases = findPaths(machine as unknown as AnyStateMachine, actors).map((path): PathCase => {
    const isReal = path.stimuli.every((stimulus) => stimulus.isReal);
    return {
      name: path.name,
      states: path.states,
      on: isReal ? 'orchestrator' : 'machine',
      async run() {
        const taken = isReal
          ? await playOnOrchestrator(path, { machine, engine, transport })
          : await playOnMachine(path, machine);
        for (const state of [start?.key ?? '', ...path.states]) states.add(state);
        for (const transition of taken) transitions.add(transition);
      },
    };
  });
  return { cases, coverage: () => coverageOf(map, states, transitions) };
}

function coverageOf(map: MachineMap, states: ReadonlySet<string>, transitions: ReadonlySet<string>): PathCoverage {
  const split = (all: readonly string[], taken: ReadonlySet<string>) => ({
    covered: all.filter((name) => taken.has(name)),
    missing: all.filter((name) => !taken.has(name)),
  });
  const coverage = { states: split(map.states, states), transitions: split(map.transitions, transitions) };
  const line = (what: keyof MachineMap) => `${coverage[what].covered.length} of ${map[what].length} ${what}`;
  const missing = [...coverage.states.missing, ...coverage.transitions.missing].map((name) => `\n  missing: ${name}`);
  return { ...coverage, toString: () => `Covered: ${line('states')}, ${line('transitions')}.${missing.join('')}` };
}
