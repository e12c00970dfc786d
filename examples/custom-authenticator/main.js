/*
 * An authenticator of your own, in 20 lines: users are known to a (pretended) HR system that answers over a function.
 * A no is a value; a throw is a fault of the system, and never counts as a wrong password.
 *
 *   npm run build && node examples/custom-authenticator/main.js
 */
import assert from 'node:assert/strict';
import { timingSafeEqual } from 'node:crypto';
import { allowAllAuthorizer, createSessionOrchestrator, memorySessionManager } from 'session-init';

/** @returns {import('session-init').Authenticator} */
function hrAuthenticator({ lookUp }) {
  return {
    name: 'hr',
    async authenticate({ username, secret }, { signal }) {
      const employee = await lookUp(username, { signal }); // throws when HR is down: AUTHENTICATION_SYS_FAIL
      const expected = Buffer.from(employee?.badge ?? 'nobody has this badge');
      const given = Buffer.from(secret.reveal());
      const matches = given.length === expected.length && timingSafeEqual(given, expected);
      if (employee === undefined) return { outcome: 'denied', cause: 'unknownUser' };
      if (!matches) return { outcome: 'denied', cause: 'wrongSecret' };
      return { outcome: 'authenticated', user: employee.id, groups: employee.departments };
    },
  };
}

const employees = new Map([['ada', { id: 'ada', badge: 'badge-of-ada', departments: ['engines'] }]]);
let isDown = false;
const lookUp = async (username) => {
  if (isDown) throw new Error('HR does not answer.');
  return employees.get(username);
};

const orchestrator = createSessionOrchestrator({
  authenticator: hrAuthenticator({ lookUp }),
  authorizer: allowAllAuthorizer(),
  sessionManager: memorySessionManager(),
});
const ask = (username, user_secret) => orchestrator.init({ username, user_secret }, { ipAddress: '127.0.0.1' });

const right = await ask('ada', 'badge-of-ada');
assert.equal(right.success, true);
assert.equal(right.data.user, 'ada');
assert.deepEqual((await orchestrator.findBySecret(right.data.session_secret)).session_id, right.data.session_id);

assert.equal((await ask('ada', 'a guess')).data.reason, 'AUTHENTICATION_DENIED');
assert.equal((await ask('bob', 'a guess')).data.reason, 'AUTHENTICATION_DENIED');

isDown = true;
const down = await ask('ada', 'badge-of-ada');
assert.equal(down.data.reason, 'AUTHENTICATION_SYS_FAIL');
assert.ok(!JSON.stringify(down).includes('does not answer'), 'what a backend says stays in the log');

await orchestrator.close();
console.log('custom-authenticator: ok');
