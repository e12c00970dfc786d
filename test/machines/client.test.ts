import { describe, expect, test } from '@jest/globals';
import { type AnyStateNode, createActor, fromPromise } from 'xstate';
import { type ClientMachine, clientMachine, type ExchangeRequest } from '../../src/machines/client.js';
import { clientActors } from '../../src/machines/client-actors.js';
import { type Answer, readAnswer } from '../../src/machines/client-answer.js';
import { TERMINAL_STATES } from '../../src/machines/terminal-states.js';
import { ScriptedConnection } from '../support/scripted-client-connection.js';
import { denial, success } from '../support/wire-answers.js';

const USER_SECRET = 'marked-user-secret-7c11';
const SUCCESS = success('alice', 7);
const DENIAL = denial('alice');

describe('the shape of the machine', () => {
  const states = Object.values(clientMachine.states) as AnyStateNode[];

  test('every state says what it is for', () => {
    for (const { key, description } of states) expect([key, description]).toEqual([key, expect.stringMatching(/\.$/)]);
    expect(clientMachine.root.description).toMatch(/\.$/);
  });

  test('every invoke has an id of its own, an answer to success and failure, and stands under the one deadline', () => {
    const working = states.filter(({ invoke }) => invoke.length > 0);
    expect(working.map(({ key, invoke }) => [key, invoke.map(({ id }) => id)])).toEqual([
      ['connecting', ['connect']],
      ['awaitingAnswer', ['exchange']],
    ]);
    for (const { transitions, invoke } of working) {
      expect(transitions.has(`xstate.done.actor.${invoke[0]?.id}`)).toBe(true);
      expect(transitions.has(`xstate.error.actor.${invoke[0]?.id}`)).toBe(true);
    }
    expect(Object.keys(clientMachine.root.config.after ?? {})).toEqual(['requestTimeout']);
  });

  test('P4: its final states are rows of the table, but for the server answering itself', () => {
    const finals = states.filter(({ type }) => type === 'final').map(({ key }) => key);
    expect(finals.filter((key) => !(key in TERMINAL_STATES))).toEqual(['declined']);
  });

  test.each([
    ['connect', {}],
    ['exchange', { connect: clientActors.connect }],
  ])('without the actor %s it lets nobody in, and says what to provide', async (actor, actors) => {
    const { context, output } = await finish(clientMachine.provide({ actors }));
    expect(output?.data).toMatchObject({ reason: 'UNKNOWN', code: 'unknown' });
    expect(String(context.failure?.cause)).toContain(`provide({ actors: { ${actor} } })`);
  });

  test.each([
    ['claimed for good', SUCCESS, []],
    ['undone', DENIAL, ['undone']],
  ])('what an exchange has put in escrow is %s when the machine ends', async (_, value, undone) => {
    const log: string[] = [];
    const exchange = fromPromise<Answer, ExchangeRequest>(async ({ input }) => {
      input.escrow.deposit(() => log.push('undone'));
      return readAnswer(value);
    });
    const { context } = await finish(clientMachine.provide({ actors: { ...clientActors, exchange } }));
    expect(log).toEqual(undone);
    context.escrow.release();
    expect(log).toEqual(undone);
  });

  test.each([undefined, null, {}, { outcome: 'nonsense' }])('an exchange that gives %p: UNKNOWN', async (garbage) => {
    const exchange = fromPromise<Answer, ExchangeRequest>(async () => garbage as Answer);
    const { output } = await finish(clientMachine.provide({ actors: { ...clientActors, exchange } }));
    expect(output?.data).toMatchObject({ reason: 'UNKNOWN' });
  });

  async function finish(machine: ClientMachine) {
    const connection = new ScriptedConnection();
    const message = { username: 'alice', user_secret: USER_SECRET };
    const actor = createActor(machine, { input: { message, connection, referenceId: 'reference-1' } });
    actor.start();
    connection.open();
    await new Promise<void>((resolve) => actor.subscribe({ complete: resolve }));
    return actor.getSnapshot();
  }
});
