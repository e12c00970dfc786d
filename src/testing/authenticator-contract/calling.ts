import assert from 'node:assert/strict';
import { findSecret } from '../find-secret.js';
import { assertAccepted, assertDenied, authenticate, type Cases, type MakeAuthenticator } from './stage.js';

/** Calls at the same time, calls that are given up, and the end. */
export const callingCases: Cases = {
  'many calls at once each get their own answer': async (stage) => {
    const authenticator = await stage.open();
    await Promise.all(
      Array.from({ length: stage.parallel }, async (_, call) => {
        const user = stage.users[call % stage.users.length] ?? stage.user;
        if (call % 3 === 0)
          await assertDenied(authenticator, { ...user, secret: `marked-wrong-${call}` }, 'a wrong secret');
        else if (call % 3 === 1) {
          await assertDenied(authenticator, { ...user, username: `no-such-user-${call}` }, 'an unknown user');
        } else await assertAccepted(authenticator, user);
      }),
    );
  },

  'a call that is given up is settled, and lets nobody in who must not; others go on': async (stage) => {
    const authenticator = await stage.open();
    for (const isEarly of [true, false]) {
      const caller = new AbortController();
      if (isEarly) caller.abort();
      const wrong = authenticate(authenticator, { ...stage.user, secret: 'marked-wrong-secret' }, caller.signal);
      const right = authenticate(authenticator, stage.user, caller.signal);
      const other = assertAccepted(authenticator, stage.user);
      caller.abort();
      const [outcome, , others] = await Promise.allSettled([wrong, right, other]);
      if (outcome.status === 'fulfilled')
        assert.equal(outcome.value.outcome, 'denied', 'a wrong secret is denied still');
      if (others.status === 'rejected') throw others.reason;
    }
    await assertAccepted(authenticator, stage.user);
  },

  'close can be called again, also at once, and before anything else': async (stage) => {
    const unused = await stage.open();
    await unused.close?.();
    await unused.close?.();
    const authenticator = await stage.open();
    await assertAccepted(authenticator, stage.user);
    await Promise.all([authenticator.close?.(), authenticator.close?.()]);
    await authenticator.close?.();
  },

  'closing one leaves another alone': async (stage) => {
    const [closed, open] = [await stage.open(), await stage.open()];
    await closed.close?.();
    await assertAccepted(open, stage.user);
    await assertDenied(open, { ...stage.user, secret: 'marked-wrong-secret' }, 'the secret is wrong');
  },
};

/** What holds of an authenticator whose backend is down. */
export function faultCases(createBroken: MakeAuthenticator): Cases {
  return {
    'ASVS 16.5.3: a backend that is down is an error: neither a denial nor a yes': async (stage) => {
      const authenticator = await stage.open(createBroken);
      for (const attempt of [stage.user, { ...stage.user, secret: 'marked-wrong-secret' }]) {
        await assert.rejects(
          async () => authenticate(authenticator, attempt),
          (error) => {
            assert.ok(
              error instanceof Error || Object.prototype.toString.call(error) === '[object Error]',
              'it is an Error',
            );
            assert.equal(findSecret(error, attempt.secret), undefined, 'the error shows no secret');
            return true;
          },
          'authenticate rejects',
        );
      }
    },
  };
}
