import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { memorySessionManager, type SessionManager } from '../../src/index.js';
import { loadServerConfig, type RunningServer, type ServerConfigInput, startServer } from '../../src/server/index.js';
import { storeCheck } from '../../src/server/store-check.js';
import { simulatedClock } from '../../src/testing/index.js';
import { type LogFile, openLogFile } from '../support/log-file.js';
import { temporaryFolder } from '../support/temporary-folder.js';

let log: LogFile;

beforeEach(async () => {
  log = await openLogFile({ level: 'trace', format: 'json' });
});
afterEach(() => log.close());

describe('the check of the store', () => {
  const clock = simulatedClock();
  /** What the store is asked, in order; each question waits to be answered. */
  let asked: { answer: () => void; fail: (cause: unknown) => void; signal: AbortSignal }[];
  let isReachable: () => Promise<boolean>;

  beforeEach(() => {
    asked = [];
    const manager: SessionManager = {
      ...memorySessionManager({ clock }),
      name: 'far',
      probe: ({ signal }) =>
        new Promise<void>((answer, fail) => {
          asked.push({ answer, fail, signal });
        }),
    };
    isReachable = storeCheck(manager, { clock, logger: log.logger, answers: true });
  });

  const storeLines = () => log.lines().map(({ event, store }) => [event, store]);

  test('asks once for all that come meanwhile, and for a second after', async () => {
    const many = Array.from({ length: 1_000 }, () => isReachable());
    asked[0]?.answer();
    expect(new Set(await Promise.all(many))).toEqual(new Set([true]));
    clock.increment(999);
    expect(await isReachable()).toBe(true);
    expect(asked).toHaveLength(1);
    clock.increment(1);
    const next = isReachable();
    asked[1]?.fail(new Error('refused'));
    expect([await next, await isReachable()]).toEqual([false, false]);
    expect(asked).toHaveLength(2);
  });

  test('waits for a second, and no longer', async () => {
    const answer = isReachable();
    clock.increment(1_000);
    expect(await answer).toBe(false);
    expect(asked[0]?.signal.aborted).toBe(true);
    // What comes too late says nothing of now.
    asked[0]?.answer();
    clock.increment(999);
    expect(await isReachable()).toBe(false);
  });

  test('logs that the store has gone, and that it is back, once each', async () => {
    for (const outcome of ['answer', 'fail', 'fail', 'answer', 'answer'] as const) {
      const answer = isReachable();
      asked.at(-1)?.[outcome](new Error('refused\n'));
      await answer;
      clock.increment(1_000);
    }
    expect(storeLines()).toEqual([
      ['store_unreachable', 'far'],
      ['store_reachable', 'far'],
    ]);
    expect(log.lines()[0]).toMatchObject({ level: 'error', cause: 'Error: refused\\u{a}' });
  });

  test('takes what throws at once for a failure, and a store that cannot be asked for one that answers', async () => {
    const manager = memorySessionManager({ clock });
    const options = { clock, logger: log.logger, answers: true };
    expect(await storeCheck(manager, options)()).toBe(true);
    const probe = () => {
      throw new Error('at once');
    };
    expect(await storeCheck({ ...manager, probe }, options)()).toBe(false);
  });
});

describe('the health of a server', () => {
  let folder: string;
  let server: RunningServer | undefined;

  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => server?.close());

  async function start(more: ServerConfigInput = {}): Promise<RunningServer> {
    const config: ServerConfigInput = {
      authenticator: { type: 'static', users: { alice: 'marked-user-secret-1' }, allowInsecureStaticUsers: true },
      sessionManager: { type: 'memory' },
      listen: { port: 0 },
      ...more,
    };
    writeFileSync(join(folder, 'session-init.json'), JSON.stringify(config));
    const loaded = await loadServerConfig({ folder, environment: {} });
    server = await startServer(loaded.config, { logger: log.logger });
    return server;
  }

  const ask = (path: string, method = 'GET') =>
    fetch(new URL(path, (server as RunningServer).url.replace('ws:', 'http:')), { method });

  test('is told at /livez and /readyz, and nowhere else', async () => {
    await start();
    const live = await ask('/livez');
    expect([live.status, await live.json()]).toEqual([200, { status: 'live' }]);
    const ready = await ask('/readyz?verbose');
    expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready' }]);
    expect(ready.headers.get('content-type')).toBe('application/json');
    expect(ready.headers.get('cache-control')).toBe('no-store');
    expect((await ask('/readyz', 'HEAD')).status).toBe(200);
    const others = await Promise.all([ask('/readyz/'), ask('/readyz', 'POST'), ask('/'), ask('/metrics')]);
    expect(others.map(({ status }) => status)).toEqual([426, 426, 426, 426]);
  });

  test('a server that is told to stop says so while it goes on for drainDelay, and close() cuts that short', async () => {
    const { drain, close } = await start({ drainDelay: 600_000 });
    const drained = drain();
    const ready = await ask('/readyz');
    expect([ready.status, await ready.json()]).toEqual([503, { status: 'notReady', causes: ['draining'] }]);
    expect((await ask('/livez')).status).toBe(200);
    await close();
    expect(await drained).toEqual({ finished: 0, cancelled: 0 });
    await expect(ask('/livez')).rejects.toThrow();
  });
});
