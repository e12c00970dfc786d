import assert from 'node:assert/strict';
import type { AuthorizationRequest } from '../../adapters/ports.js';
import { assertDecides, authorize, type Cases, type MakeAuthorizer } from './stage.js';

/** What holds of every authorizer. */
export const authorizerCases: Cases = {
  'has a name': async (stage) => {
    assert.match((await stage.open()).name, /\S/);
  },

  'everybody gets the answer that is due to them, a no as a value': async (stage) => {
    await assertDecides(await stage.open(), stage);
  },

  'the same question gets the same answer, whatever was asked before': async (stage) => {
    const authorizer = await stage.open();
    for (let round = 0; round < 3; round += 1) await assertDecides(authorizer, stage);
    await assertDecides(authorizer, {
      allowed: [...stage.allowed].reverse(),
      denied: [...stage.denied].reverse(),
    });
  },

  'whoever is hardly known gets an answer, too, and nobody by a trick of names': async (stage) => {
    const authorizer = await stage.open();
    const hostile: AuthorizationRequest[] = [
      { user: 'no-such-user' },
      { user: 'no-such-user', groups: [] },
      { user: 'no-such-user', groups: undefined, claims: undefined },
      { user: 'no-such-user', groups: ['__proto__', 'constructor', 'toString', '*', ''] },
      { user: 'no-such-user', claims: { groups: 'not-a-list', toString: null } },
      { user: 'x'.repeat(4_096), groups: Array.from({ length: 1_000 }, (_, index) => `group-${index}`) },
      { user: '\uD800\0', groups: ['\uD800', '\0'] },
    ];
    const outcomes = [];
    for (const identity of hostile) outcomes.push((await authorize(authorizer, identity)).outcome);
    const [unknown] = outcomes;
    assert.ok(
      outcomes.slice(0, 4).every((outcome) => outcome === unknown),
      'someone with no groups, or with groups of no meaning, is treated as someone who is not known',
    );
    await assertDecides(authorizer, stage);
  },

  'many calls at once each get their own answer': async (stage) => {
    const authorizer = await stage.open();
    const { allowed, denied, parallel } = stage;
    const all = [...allowed, ...denied];
    await Promise.all(
      Array.from({ length: parallel }, async (_, call) => {
        const identity = all[call % all.length] as AuthorizationRequest;
        const due = allowed.includes(identity) ? 'authorized' : 'denied';
        assert.equal((await authorize(authorizer, identity)).outcome, due, `${identity.user} is ${due}`);
      }),
    );
  },

  'a call that is given up is settled, and lets nobody in who must not; others go on': async (stage) => {
    const authorizer = await stage.open();
    for (const isEarly of [true, false]) {
      const caller = new AbortController();
      if (isEarly) caller.abort();
      const givenUp = stage.denied.map((identity) => authorize(authorizer, identity, caller.signal));
      const others = assertDecides(authorizer, stage);
      caller.abort();
      const [other, ...outcomes] = await Promise.allSettled([others, ...givenUp]);
      if (other.status === 'rejected') throw other.reason;
      for (const settled of outcomes) {
        const outcome = settled.status === 'fulfilled' ? settled.value?.outcome : 'denied';
        assert.equal(outcome, 'denied', 'who is denied is denied still');
      }
    }
  },

  'close can be called again, also at once, and before anything else': async (stage) => {
    const unused = await stage.open();
    await unused.close?.();
    await unused.close?.();
    const authorizer = await stage.open();
    await assertDecides(authorizer, stage);
    await Promise.all([authorizer.close?.(), authorizer.close?.()]);
    await authorizer.close?.();
  },

  'closing one leaves another alone': async (stage) => {
    const [closed, open] = [await stage.open(), await stage.open()];
    await closed.close?.();
    await assertDecides(open, stage);
  },
};

/** What holds of an authorizer whose backend is down. */
export function faultCases(createBroken: MakeAuthorizer): Cases {
  return {
    'ASVS 16.5.3: a backend that is down is an error: neither a denial nor a yes': async (stage) => {
      const authorizer = await stage.open(createBroken);
      for (const identity of [...stage.allowed, ...stage.denied]) {
        await assert.rejects(async () => authorize(authorizer, identity), 'authorize rejects');
      }
    },
  };
}
