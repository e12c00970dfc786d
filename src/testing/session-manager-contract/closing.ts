import assert from 'node:assert/strict';
import { assertLive, type Cases, establish } from './stage.js';

/** What holds if the manager has a `close`. */
export const closingCases: Cases = {
  'close can be called again, also at once, and before anything else': async (stage) => {
    const unused = await stage.open();
    await unused.close?.();
    await unused.close?.();
    const manager = await stage.open();
    await establish(manager);
    await Promise.all([manager.close?.(), manager.close?.()]);
    await manager.close?.();
  },

  'after close every call rejects': async (stage) => {
    const manager = await stage.open();
    const { id, secret } = await establish(manager);
    if (manager.close === undefined) return;
    await manager.close();
    const { signal } = new AbortController();
    await assert.rejects(manager.create({ user: 'alice', ipAddress: '192.0.2.1' }, { signal }), 'create');
    await assert.rejects(manager.findBySecret(secret), 'findBySecret');
    await assert.rejects(manager.findById(id), 'findById');
    await assert.rejects(manager.listByUser('alice'), 'listByUser');
    await assert.rejects(manager.refresh(id), 'refresh');
    await assert.rejects(manager.remove(id), 'remove');
    await assert.rejects(manager.removeExpired(1), 'removeExpired');
  },

  'closing one manager leaves another alone': async (stage) => {
    const [closed, open] = [await stage.open(), await stage.open()];
    const established = await establish(open);
    await closed.close?.();
    await assertLive(open, established);
  },
};
