import assert from 'node:assert/strict';
import { FailedSessionInitInfo, type FullAuthSession, type Secret } from '../../index.js';
import { findSecret } from '../find-secret.js';
import { answers, denies, hangs } from '../scripted/behaviour.js';
import { first } from '../scripted/sequence.js';
import type { TestOrchestrator } from '../test-orchestrator.js';
import { type Cases, requestOf, type Stage, USER_SECRET } from './stage.js';

/** Ten megabytes in a message that would be a request. */
const HUGE = `{"username":"alice","user_secret":"${'x'.repeat(10_000_000)}"}`;

/** Clients that go or do harm, and the end of the service. */
export const leavingCases: Cases = {
  'P2: when a client goes, its init is ended, and nothing more is done for it': async (stage) => {
    const { world, transport } = await stage.open({ authenticate: hangs() });
    const client = await transport.connect();
    client.ask(requestOf()).catch(() => {});
    await stage.until(() => world.authenticator.calls.length === 1, 'the question to the authenticator');
    client.leave();
    await ended(stage, world, 1);
    assert.equal(world.records[0]?.code, 'cancelled', 'the init is cancelled');
    assert.deepEqual([...world.sessionManager.callsOf('create')], [], 'no session is created');
  },

  'P2: a session that is created for a client who has gone is removed': async (stage) => {
    const { world, transport } = await stage.open({ create: answers().after(100).ignoresAbort() });
    const client = await transport.connect();
    client.ask(requestOf()).catch(() => {});
    await stage.until(() => world.sessionManager.callsOf('create').length === 1, 'the creation of a session');
    client.leave();
    await ended(stage, world, 1);
    await world.advance(120_000);
    assert.deepEqual(await world.liveSessions(), [], 'no session lives');
  },

  'a client that goes, or is denied, harms no other': async (stage) => {
    const { world, transport } = await stage.open({
      authenticate: ({ username }) =>
        username === 'gone' ? hangs() : username === 'eve' ? denies('wrongSecret') : answers(),
    });
    const gone = await transport.connect();
    const [stays, eve] = [await transport.connect(), await transport.connect()];
    gone.ask(requestOf('gone')).catch(() => {});
    await stage.until(() => world.authenticator.calls.length === 1, 'the question to the authenticator');
    gone.leave();
    assert.equal((await stage.ask(eve, requestOf('eve'))).success, false);
    assert.equal((await stage.ask(stays)).success, true);
    await ended(stage, world, 3);
    assert.deepEqual(
      Array.from(await world.liveSessions(), ({ user }) => user),
      ['alice'],
      'the session of the client who has its answer lives',
    );
  },

  'a message of ten megabytes reaches no backend, and harms no other client': async (stage) => {
    const { world, transport } = await stage.open();
    const client = await transport.connect();
    const answer = await stage.inTime(
      client.ask(HUGE).then(
        (text) => text,
        () => undefined,
      ),
      'an answer, or the end of the connection',
    );
    client.leave();
    if (answer !== undefined) assert.equal(JSON.parse(answer).success, false, 'if it is answered, it is refused');
    assert.deepEqual([...world.authenticator.calls], [], 'no backend is asked');
    assert.equal((await stage.ask(await transport.connect())).success, true, 'another client is answered');
  },

  'P5, ASVS 16.2.5: nothing that it tells shows a secret': async (stage) => {
    const { world, transport } = await stage.open({
      authenticate: first(answers()).andThen(denies()).andAlways(hangs()),
    });
    const granted = await stage.ask(await transport.connect());
    await stage.ask(await transport.connect());
    await stage.ask(await transport.connect(), `{"username":"alice","user_secret":["${USER_SECRET}"]}`);
    const client = await transport.connect();
    client.ask(requestOf()).catch(() => {});
    await stage.until(() => world.authenticator.calls.length === 3, 'the question to the authenticator');
    client.leave();
    await ended(stage, world, 4);
    await transport.close();
    const told = transport.told?.();
    assert.equal(findSecret(told, USER_SECRET), undefined, "no event shows a user's secret");
    const { session_secret: secret } = granted.data as FullAuthSession;
    assert.equal(findSecret(told, secret as Secret), undefined, "no event shows a session's secret");
  },

  'a drain lets what is under way finish, and takes nothing new': async (stage) => {
    const { world, transport } = await stage.open({ authenticate: answers().after(100) });
    const client = await transport.connect();
    const answer = stage.ask(client);
    // Until it is awaited, the case may have failed for something else.
    answer.catch(() => {});
    await stage.until(() => world.authenticator.calls.length === 1, 'the question to the authenticator');
    const drained = Promise.all([transport.drain(), transport.drain()]);
    const late = stage.inTime(
      transport.connect().then((other) => other.ask(requestOf('late'))),
      'an answer, or the end of the connection',
    );
    const refused = await late.then(
      (text) => JSON.parse(text).success === false,
      (error) => !(error instanceof assert.AssertionError),
    );
    assert.ok(refused, 'who comes during a drain is refused');
    await world.advance(100);
    assert.equal((await answer).success, true, 'what was under way is answered');
    await stage.inTime(drained, 'the end of the drain');
  },

  'a close waits for nobody, and leaves no session behind': async (stage) => {
    const { world, transport } = await stage.open({ create: answers().after(100).ignoresAbort() });
    const client = await transport.connect();
    const answer = client.ask(requestOf()).then(
      (text) => JSON.parse(text).data,
      () => undefined,
    );
    await stage.until(() => world.sessionManager.callsOf('create').length === 1, 'the creation of a session');
    await stage.inTime(Promise.all([transport.close(), transport.close()]), 'the end of the transport');
    await ended(stage, world, 1);
    await world.advance(120_000);
    const data: unknown = await stage.inTime(answer, 'an answer, or the end of the connection');
    assert.ok(data === undefined || !('session_id' in Object(data)), 'no session is told of');
    assert.deepEqual(await world.liveSessions(), [], 'no session lives');
    await transport.drain();
  },
};

/** So many inits must have ended, all of them failures with nothing left to hide, or successes. */
async function ended(stage: Stage, world: TestOrchestrator, count: number): Promise<void> {
  await stage.until(() => world.records.length === count, 'the end of the init');
  for (const { data } of world.responses) {
    assert.ok(!(data instanceof FailedSessionInitInfo) || data.reason !== 'UNKNOWN', 'no init ends in a defect');
  }
}
