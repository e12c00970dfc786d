import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { transformSync } from '@swc/core';
import fc from 'fast-check';
import { buildMachine, machineSpec } from './random-machine.js';
import { type Engine, startActor, startCompiled, stepOf, trace } from './script.js';

/*
 * The differential test is worth what it finds. Each of these is a bug that an engine may have; planted into a copy of it,
 * one at a time, each must be found.
 */
const MUTANTS: readonly [bug: string, file: string, from: string, to: string][] = [
  ['exit actions are skipped', 'execution', 'for (const action of this.#state.exit) action(this, event);', ''],
  ['entry actions are skipped', 'execution', 'for (const action of state.entry) action(this, event);', ''],
  [
    'entry comes before the actions of the transition',
    'execution',
    'for (const action of actions) action(this, event);\n    if (leaves && target !== undefined) this.#enter(target, event);',
    'if (leaves && target !== undefined) this.#enter(target, event);\n    for (const action of actions) action(this, event);',
  ],
  ['a timer survives its state', 'execution', 'this.#defer(stopIt, timer);', ''],
  [
    'a timer survives an error',
    'execution',
    'this.#leftTimers = this.#leftTimers === NOTHING ? this.#timers : [...this.#leftTimers, ...this.#timers];',
    '',
  ],
  ['the timers of the root survive the end', 'execution', 'stopAll(this.#rootTimers);', ''],
  [
    'a promise is not aborted when its state is left',
    'execution',
    'if (call.isRunning) this.#defer(stopIt, call);\n      else call.stop();',
    '',
  ],
  [
    'a promise is aborted before the step is complete',
    'execution',
    'if (call.isRunning) this.#defer(stopIt, call);\n      else call.stop();',
    'call.stop();',
  ],
  ['a promise starts before the step is complete', 'execution', 'this.#defer(startIt, call);', 'call.start();'],
  [
    'the initial promises start after the entry actions',
    'execution',
    'for (const call of this.#calls) call.start();\n    this.#conclude();',
    'this.#conclude();',
  ],
  [
    'emissions come before the step is complete',
    'execution',
    'this.#defer((emitted) => this.#observer.emit(emitted), event);',
    'this.#observer.emit(event);',
  ],
  [
    'initial actions run before the start',
    'execution',
    "if (this.#status !== 'starting') {",
    "if (this.#status !== 'done') {",
  ],
  [
    'the root goes before the state',
    'execution',
    'this.#select(this.#state, event) ?? this.#select(this.#tables, event)',
    'this.#select(this.#tables, event) ?? this.#select(this.#state, event)',
  ],
  ['the transitions of the root are forgotten', 'execution', ' ?? this.#select(this.#tables, event)', ''],
  [
    'always is not looked at after an event',
    'execution',
    '    this.#settle(event);\n  }\n\n  #settle',
    '  }\n\n  #settle',
  ],
  [
    'always is looked at once only',
    'execution',
    'while (!this.#state.isFinal) {',
    'for (let once = true; once && !this.#state.isFinal; once = false) {',
  ],
  ['a rejection that nobody handles is swallowed', 'execution', "throw event['error'];", 'return;'],
  ['half a step counts', 'execution', '    this.context = before;\n', ''],
  ['an event is handled while another one is', 'execution', 'if (this.#isBusy) {', "if (event.type === '') {"],
  [
    'the output is computed from the wrong event',
    'execution',
    'new ActionScope(this, done)',
    'new ActionScope(this, event)',
  ],
  [
    'the exit actions of a final state are skipped',
    'execution',
    '    for (const action of state.exit) action(this, event);\n  }',
    '  }',
  ],
  [
    'the first transition wins, whatever its guard says',
    'execution',
    'return guard === undefined || guard({ context, event });',
    'return guard === undefined || guard({ context, event }) || true;',
  ],
  [
    'the error of a guard is not the one of XState',
    'execution',
    '`Unable to evaluate guard',
    '`Could not evaluate guard',
  ],
  [
    'an internal transition leaves its state',
    'compile',
    '(target !== source || reenter)',
    '(target !== source || true)',
  ],
  ['a transition that re-enters does not', 'compile', '(target !== source || reenter)', 'target !== source'],
  ['assign forgets the rest of the context', 'compile', 'const next = { ...scope.context }', 'const next = {}'],
  ['parameters of guards are forgotten', 'compile', '(scope, params(scope));', '(scope, undefined);'],
  [
    'a late result of an abandoned promise is heard',
    'promise-call',
    "if (this.#status !== 'running') return;\n    this.#status = 'settled'",
    "this.#status = 'settled'",
  ],
  [
    'a promise that was never started is started when it is over',
    'promise-call',
    "if (this.#status !== 'created') return;",
    '',
  ],
  [
    'a signal that is read late is not aborted',
    'lazy-signal',
    'if (this.#abortion !== undefined) this.#controller.abort(this.#abortion.reason);',
    '',
  ],
  [
    'a result takes one more turn',
    'promise-call',
    'promise = Promise.resolve(this.#invocation.creator(this));',
    'promise = Promise.resolve(this.#invocation.creator(this)).then((it) => it);',
  ],
  [
    'a creator that throws takes a turn',
    'promise-call',
    '      this.#settle({ type: this.#invocation.errorType, error, actorId: this.#invocation.id });\n      return;',
    '      promise = Promise.reject(error);',
  ],
];

const ENGINE = new URL('../../../src/machines/engine/', import.meta.url).pathname;
const LAZY_SIGNAL = new URL('../../../src/model/lazy-signal.ts', import.meta.url).pathname;
const CACHE = new URL('../../../node_modules/.cache/', import.meta.url).pathname;
let folder: string;

beforeAll(() => {
  // Below node_modules, so that the copies find the packages that the engine imports.
  mkdirSync(CACHE, { recursive: true });
  folder = mkdtempSync(join(CACHE, 'engine-mutants-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A copy of the engine in plain JavaScript, with one change. */
async function mutant(index: number, file: string, from: string, to: string): Promise<Engine> {
  const copy = join(folder, `mutant-${index}`);
  cpSync(ENGINE, copy, { recursive: true });
  cpSync(LAZY_SIGNAL, join(copy, 'lazy-signal.ts'));
  for (const name of readdirSync(copy)) {
    let source = readFileSync(join(copy, name), 'utf8');
    if (name === `${file}.ts`) {
      expect(source.split(from)).toHaveLength(2);
      source = source.replace(from, () => to);
    }
    const { code } = transformSync(source, {
      jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
      module: { type: 'es6' },
    });
    writeFileSync(
      join(copy, name.replace('.ts', '.mjs')),
      code.replaceAll(/from ['"](?:\.\/|\.\.\/\.\.\/model\/)([\w-]+)\.js['"]/g, 'from "./$1.mjs"'),
    );
  }
  return { ...(await import(join(copy, 'compile.mjs'))), ...(await import(join(copy, 'execution.mjs'))) };
}

test('there are at least twenty', () => {
  expect(MUTANTS.length).toBeGreaterThanOrEqual(20);
});

test.each(MUTANTS.map((it, index) => [it[0], index, it] as const))(
  'is found: %s',
  async (_, index, [, file, from, to]) => {
    const engine = await mutant(index, file, from, to);
    const property = fc.asyncProperty(
      machineSpec,
      fc.array(stepOf(['e.one', 'e.two', 'e.three', 'e.root']), { maxLength: 25 }),
      async (spec, steps) => {
        const [theirs, ours] = await Promise.all(
          [startActor, startCompiled(engine)].map((start) =>
            trace((world) => buildMachine(spec, world), start, { count: 0 }, steps).catch((error) => [String(error)]),
          ),
        );
        return JSON.stringify(ours) === JSON.stringify(theirs);
      },
    );
    const { failed } = await fc.check(property, { seed: 7, numRuns: 3_000, endOnFailure: true });
    expect(failed).toBe(true);
  },
  120_000,
);
