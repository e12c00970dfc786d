import assert from 'node:assert/strict';
import { FailedSessionInitInfo, FullAuthSession } from '../../index.js';
import { answers, denies, garbles, hangs, throws } from '../scripted/behaviour.js';
import type { BackendScripts } from '../test-orchestrator.js';
import { assertSame, type Cases, requestOf, responseIn } from './stage.js';

/** What is no request for a session, by what is wrong with it. */
const MALFORMED: Readonly<Record<string, string | Uint8Array>> = {
  'no JSON': '{"username":',
  'a number': '1',
  'a string': '"alice"',
  null: 'null',
  'an array': `[${requestOf()}]`,
  'no secret': '{"username":"alice"}',
  'no user': '{"user_secret":"marked-user-secret"}',
  'a user that is a number': '{"username":1,"user_secret":"marked-user-secret"}',
  'a user in the prototype': '{"__proto__":{"username":"alice","user_secret":"marked-user-secret"}}',
  'very deep': '['.repeat(20_000),
  'no UTF-8': new Uint8Array([0x22, 0xff, 0xfe, 0x22]),
};

/** What each way to fail is made with. */
const FAILURES: Readonly<Record<string, BackendScripts>> = {
  authentication_denied: { authenticate: denies('wrongSecret') },
  authentication_sys_fail: { authenticate: throws(new Error('marked-backend-text')) },
  user_not_authorized: { authorize: denies('missingGroup') },
  authorizer_failed: { authorize: throws(new Error('marked-backend-text')) },
  session_manager_fail: { create: throws(new Error('marked-backend-text')) },
  session_details_missing: { create: garbles({ outcome: 'created' }) },
  session_limit: { create: answers({ outcome: 'limitReached' }) },
};

/** What clients get. */
export const answeringCases: Cases = {
  'a request gets the whole response, with the secret that opens the session': async (stage) => {
    const { world, transport } = await stage.open();
    const answer = await stage.inTime((await transport.connect()).ask(requestOf()), 'an answer');
    assertSame(answer, world.responses[0]);
    const { data } = responseIn(answer);
    assert.ok(data instanceof FullAuthSession && data.session_secret, 'the answer has a session with its secret');
    const found = await world.orchestrator.findBySecret(data.session_secret);
    assert.equal(found?.session_id, data.session_id, 'the secret opens the session');
  },

  'P4: whatever an init comes to reaches the client unchanged; ASVS 16.5.1: and nothing that a backend said': async (
    stage,
  ) => {
    for (const [code, script] of Object.entries(FAILURES)) {
      const { world, transport } = await stage.open(script);
      const answer = await stage.inTime((await transport.connect()).ask(requestOf()), 'an answer');
      assertSame(answer, world.responses[0]);
      assert.equal((responseIn(answer).data as FailedSessionInitInfo).code, code);
      assert.ok(!answer.includes('marked-'), 'the client reads no text of a backend, and no secret');
      await stage.close();
    }
  },

  'P1: a backend that never answers is answered for at its deadline': async (stage) => {
    const { world, transport } = await stage.open({ authenticate: hangs().ignoresAbort() });
    const answer = (await transport.connect()).ask(requestOf());
    answer.catch(() => {});
    await stage.until(() => world.authenticator.calls.length === 1, 'the question to the authenticator');
    await world.advance(5_000);
    const response = responseIn(await stage.inTime(answer, 'an answer'));
    assert.equal((response.data as FailedSessionInitInfo).reason, 'AUTH_ATTEMPT_TIMEOUT');
  },

  'what is no request is answered as malformed, and no backend is asked': async (stage) => {
    const { world, transport } = await stage.open();
    for (const [what, request] of Object.entries(MALFORMED)) {
      const { success, data } = await stage.ask(await transport.connect(), request);
      assert.equal(success, false, what);
      assert.ok(data instanceof FailedSessionInitInfo && data.code === 'malformed_request', `malformed: ${what}`);
    }
    assert.deepEqual([...world.authenticator.calls], [], 'no backend is asked');
    assert.equal((await stage.ask(await transport.connect())).success, true, 'the next request is answered');
  },

  'ASVS 15.3.4: the address of the client is that of its connection': async (stage) => {
    const { world, transport } = await stage.open();
    await stage.ask(await transport.connect());
    const [record] = world.records;
    assert.ok(
      ['127.0.0.1', '::1'].includes(record?.ipAddress ?? ''),
      `it is that of this machine, not ${record?.ipAddress}`,
    );
  },

  'many clients at once each get their own answer': async (stage) => {
    const { world, transport } = await stage.open({
      authenticate: ({ username }) =>
        username.endsWith('3') ? denies('wrongSecret').after(3) : answers().after(1 + (username.length % 5)),
    });
    const names = Array.from({ length: stage.parallel }, (_, client) => `user-${'x'.repeat(client % 7)}-${client}`);
    const given = Promise.all(names.map(async (name) => stage.ask(await transport.connect(), requestOf(name))));
    given.catch(() => {});
    await stage.until(() => world.authenticator.calls.length === names.length, 'the requests of all clients');
    await world.advance(10);
    for (const [index, { success, data }] of (await given).entries()) {
      const name = names[index] as string;
      assert.equal((data as FullAuthSession | FailedSessionInitInfo).user, name, 'the answer is about who asked');
      assert.equal(success, !name.endsWith('3'), `the answer is the one that ${name} is due`);
    }
  },
};
