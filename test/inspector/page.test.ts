import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type Browser, type Page, chromium as playwright } from 'playwright-core';
import { createActor, createMachine } from 'xstate';
import { memorySessionManager } from '../../src/adapters/session-managers/memory.js';
import { createSessionOrchestrator, sessionInitMachine } from '../../src/index.js';
import type { Inspector } from '../../src/inspector/inspector.js';
import type { SessionOrchestrator } from '../../src/orchestrator.js';
import { ask, startInspector, tokenOf } from '../support/inspector-world.js';
import { chromium, describeWith } from '../support/requires.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const SECRET = 'marked-user-secret-1';

/** What comes from outside, in bad faith: markup, what turns the order of reading, what moves a cursor, and a lot of it. */
const HOSTILE = [
  '<img src=x onerror="document.title=`hacked`"><script>document.title=`hacked`</script>',
  '"><svg onload=alert(1)>',
  '‮gnp.exe\u202d',
  '\u001b[2J\u001b]0;hacked\u0007\r\nforged line',
  'a‏b​c\u0000d',
  'نامه‌ای از راست',
  '{{constructor.constructor("alert(1)")()}}',
];

describeWith(chromium, 'the page, in a browser', (executablePath) => {
  let browser: Browser;
  let inspector: Inspector;
  let orchestrator: SessionOrchestrator;
  let page: Page;
  let troubles: string[];
  /** Inits that wait in the authenticator for a word. */
  let held: (() => void)[];

  beforeAll(async () => {
    browser = await playwright.launch({
      executablePath,
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    });
  }, 120_000);
  afterAll(() => browser.close(), 60_000);

  beforeEach(async () => {
    held = [];
    inspector = await startInspector({ maxInitsPerSecond: 1_000_000, sampling: 1_000, keep: 100_000 });
    const sessionManager = memorySessionManager();
    orchestrator = createSessionOrchestrator({
      authenticator: {
        name: 'scripted',
        async authenticate({ username }) {
          if (username === 'held') await new Promise<void>((resolve) => held.push(resolve));
          if (username === 'broken') throw new Error('connect ECONNREFUSED <b>10.0.0.7</b>:636');
          const path = [
            { backend: 'directory', outcome: 'failed', cause: 'backend_fault', milliseconds: 3 } as const,
            { backend: 'users file', outcome: 'denied', cause: 'wrongSecret', milliseconds: 2 } as const,
          ];
          if (username === 'wrong') return { outcome: 'denied', cause: 'wrongSecret', path };
          return { outcome: 'authenticated', user: username };
        },
      },
      authorizer: { name: 'scripted', authorize: async () => ({ outcome: 'authorized' }) },
      sessionManager,
      throttle: false,
    });
    inspector.attach(orchestrator);
    troubles = [];
    page = await (await browser.newContext({ viewport: { width: 1440, height: 1000 } })).newPage();
    page.setDefaultTimeout(20_000);
    watch(page);
  }, 60_000);

  afterEach(async () => {
    await page.context().close();
    for (const release of held) release();
    await inspector.close();
    await orchestrator.close();
    expect(troubles).toEqual([]);
  }, 60_000);

  /** Whatever the page throws, and whatever its policy forbids, is a defect. */
  function watch(watched: Page): void {
    watched.on('pageerror', (error) => troubles.push(error.message));
    watched.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('WebSocket')) troubles.push(message.text());
    });
    watched.on('request', (request) => {
      const { protocol, host } = new URL(request.url());
      if (host !== new URL(inspector.url).host && protocol !== 'blob:') troubles.push(`asked for ${request.url()}`);
    });
  }

  const init = (username: string, ipAddress = '192.0.2.1') =>
    orchestrator.init({ username, user_secret: SECRET }, { ipAddress });
  const open = async (place = '') => {
    await page.goto(inspector.url);
    await page.locator('.status.live').waitFor();
    if (place !== '') await page.goto(`${new URL(inspector.url).origin}/#/${place}`);
  };
  const badge = (state: string) => page.locator(`[data-state="sessionInit.${state}"] .badge text`);

  test('the live view: where inits are, and which way they went', async () => {
    await open();
    await page.getByText('No init yet').waitFor();
    init('held');
    init('held');
    await badge('authenticating').filter({ hasText: '2' }).waitFor();
    await page.locator('.side').getByText('held is in authenticating for').first().waitFor();
    for (const release of held.splice(0)) release();
    await init('wrong');
    await badge('authorized').filter({ hasText: '2' }).waitFor();
    await badge('authenticationDenied').filter({ hasText: '1' }).waitFor();
    await page.getByText('3 inits ended').waitFor();
    expect(await page.locator('.bead:not(.none) text').allTextContents()).toEqual(
      expect.arrayContaining(['67 %', '33 %']),
    );
    // What a box means is told to whoever chooses it, by the keyboard too.
    await page.locator('[data-state="sessionInit.authenticating"]').focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'authenticating' }).waitFor();
    await page.getByText('The authenticator decides whether the asserted user').last().waitFor();
  }, 60_000);

  test('an init, opened: its way, step by step, what each backend said, and the response without its secret', async () => {
    await open();
    await init('alice');
    await init('broken');
    await page.getByRole('button', { name: /broken/ }).click();
    await page.getByRole('heading', { name: 'broken got no session' }).waitFor();
    await page.getByText('Why: The authenticator could not say yes or no').waitFor();
    // Of the arrow's two transitions it is the one that was taken which stands out.
    expect(await page.locator('.label .taken').allTextContents()).toEqual(['failed [else]']);
    expect(await page.locator('.label .not-taken').allTextContents()).toEqual(['done [else]']);
    await page.getByText('authenticate failed: Error: connect ECONNREFUSED <b>10.0.0.7</b>:636').waitFor();
    expect(await page.locator('.state.here').getAttribute('data-state')).toBe('sessionInit.authenticationSystemFailed');
    await page.getByText('Step 4 of 4').waitFor();
    await page.getByRole('button', { name: 'One step back' }).click();
    expect(await page.locator('.state.here').getAttribute('data-state')).toBe('sessionInit.authenticating');
    await page.getByLabel('The way of this init. The arrow keys').focus();
    await page.keyboard.press('ArrowLeft');
    expect(await page.locator('.state.here').getAttribute('data-state')).toBe('sessionInit.admitting');
    await page.keyboard.press('ArrowRight');
    expect(await page.locator('.state.here').getAttribute('data-state')).toBe('sessionInit.authenticating');

    await page.goto(`${new URL(inspector.url).origin}/#/inits`);
    await page.locator('.rows .row', { hasText: 'alice' }).click();
    await page.getByText('establishSession answered: created (session 1)').waitFor();
    const response = await page.getByLabel('The response as JSON').textContent();
    expect(response).toMatch(/"session_secret": "\[redacted/);
    expect(await page.content()).not.toMatch(/[0-9a-f]{64}/);
    expect(await page.content()).not.toContain(SECRET);
  }, 60_000);

  test('why, for whoever does not know the code; who left, and from where; which backend said what', async () => {
    await open();
    await init('wrong');
    await page.locator('.link-row', { hasText: 'wrong' }).click();
    await page.getByText('Why: The authenticator did not accept this user with this secret.').waitFor();
    await page.getByText('What was said: wrongSecret (the secret is not the user’s)').waitFor();
    const backends = page.locator('.backends > li');
    expect(await backends.allInnerTexts()).toEqual([
      expect.stringMatching(/^failed\s+directory\s+3\.0 ms\s+backend_fault$/),
      expect.stringMatching(/^no\s+users file\s+2\.0 ms\s+wrongSecret/),
    ]);
    await page.goto(`${new URL(inspector.url).origin}/#/live`);
    const caller = new AbortController();
    const left = orchestrator.init(
      { username: 'held', user_secret: SECRET },
      { ipAddress: '192.0.2.1', signal: caller.signal },
    );
    await badge('authenticating').filter({ hasText: '1' }).waitFor();
    caller.abort();
    await left;
    // It went by the arrow that any state has, and by none of the state in which it was.
    await page.locator('[data-edge="sessionInit->sessionInit.refused"]:not(.unused)').waitFor();
    expect(
      await page.locator('[data-edge="sessionInit.authenticating->sessionInit.refused"]').getAttribute('class'),
    ).toContain('unused');
    await page.locator('.link-row', { hasText: 'held' }).click();
    await page.getByText('Why: The client went away before there was an answer.').waitFor();
    expect(await page.locator('[data-edge="sessionInit->sessionInit.refused"]').getAttribute('class')).toContain(
      'passed latest',
    );
    // The bar's colours are told.
    expect(await page.locator('.verdict .phase-legend li').allInnerTexts()).toEqual([
      expect.stringMatching(/^admitting /),
      expect.stringMatching(/^authenticating /),
    ]);
  }, 60_000);

  test('a machine that somebody has extended: an outline first, and a drawing as soon as there is one', async () => {
    const { config, implementations } = sessionInitMachine as unknown as {
      config: { states: Record<string, object> };
      implementations: object;
    };
    const states = {
      ...config.states,
      establishing: {
        ...config.states['establishing'],
        description: 'Establishes it here.',
        on: { 'pause.wanted': 'pausing' },
      },
      pausing: { description: 'Somebody wants a pause.', on: { 'pause.over': 'establishing' } },
    };
    const machine = createMachine({ ...config, states } as never).provide(implementations as never);
    const extended = createSessionOrchestrator({
      authenticator: {
        name: 'yes',
        authenticate: async ({ username }) => ({ outcome: 'authenticated', user: username }),
      },
      authorizer: { name: 'yes', authorize: async () => ({ outcome: 'authorized' }) },
      sessionManager: memorySessionManager(),
      machine: machine as unknown as typeof sessionInitMachine,
    });
    try {
      await open();
      inspector.attach(extended);
      await page.locator('[data-state="sessionInit.pausing"]').waitFor();
      await page.locator('[data-edge="sessionInit.establishing->sessionInit.pausing"] path[d^="M"]').waitFor();
      await extended.init({ username: 'alice', user_secret: SECRET }, { ipAddress: '192.0.2.1' });
      await badge('authorized').filter({ hasText: '1' }).waitFor();
      await page.locator('[data-state="sessionInit.pausing"]').click();
      await page.getByText('Somebody wants a pause.').last().waitFor();
      await page.getByRole('link', { name: 'Inits', exact: true }).click();
      await page.getByLabel('Filter').fill('state:pausing');
      await page.getByText('0 inits of 1.').waitFor();
    } finally {
      await extended.close();
    }
  }, 60_000);

  test('actors of any XState system: drawn, in which states they are, and which events they got', async () => {
    const player = createMachine({
      id: 'player',
      initial: 'idle',
      context: { track: HOSTILE[0], password: SECRET },
      states: {
        idle: { on: { play: 'playing' } },
        playing: {
          initial: 'loud',
          states: { loud: { on: { mute: 'silent' } }, silent: {} },
          on: { stop: 'idle' },
        },
      },
    });
    const actor = createActor(player, { inspect: inspector.inspect }).start();
    await open('actors');
    const state = (name: string) => page.locator(`[data-state="player.${name}"]`);
    await page.getByRole('button', { name: /player\s+idle/ }).waitFor();
    await state('idle').waitFor();
    expect(await state('idle').getAttribute('class')).toContain('here');
    actor.send({ type: 'play', track: HOSTILE[0], api_key: SECRET });
    actor.send({ type: 'mute' });
    await page.getByText('Status: active. It is in playing.silent.').waitFor();
    expect(await state('playing.silent').getAttribute('class')).toContain('here');
    expect(await state('playing').getAttribute('class')).toContain('around');
    expect(await state('idle').getAttribute('class')).not.toContain('here');
    await page.getByRole('row', { name: 'mute' }).waitFor();
    await page.getByRole('row', { name: 'play' }).filter({ hasText: '<img src=x' }).waitFor();
    expect(await page.getByLabel('The context as JSON').textContent()).toContain('<img src=x');
    expect(await page.content()).not.toContain(SECRET);
    expect(await page.title()).toBe('session-init inspector');
    // Another tab sees the same, though it came later.
    const other = await page.context().newPage();
    watch(other);
    await other.goto(inspector.url);
    await other.getByRole('link', { name: 'Actors' }).click();
    await other.locator('[data-state="player.playing.silent"].here').waitFor();
    await other.close();
    actor.stop();
    await page.getByText('Status: stopped').waitFor();
  }, 60_000);

  test('the list: filters, and what a wrong one expects', async () => {
    await open('inits');
    await Promise.all(['alice', 'alice', 'bob', 'wrong', 'broken'].map((user) => init(user)));
    const rows = page.locator('.rows .row');
    const filter = async (text: string) => {
      await page.getByLabel('Filter').fill(text);
      await page.waitForTimeout(50);
      return rows.count();
    };
    await rows.nth(4).waitFor();
    expect(await filter('outcome:failure')).toBe(2);
    expect(await filter('outcome:authentication_denied')).toBe(1);
    expect(await filter('user:alice')).toBe(2);
    expect(await filter('state:authorizing')).toBe(3);
    expect(await filter('econnrefused')).toBe(1);
    expect(await filter('slower:1h')).toBe(1);
    const problem = page.getByRole('alert').filter({ hasText: 'expected' });
    expect(await problem.textContent()).toMatch(/slower: expected a time such as 250ms or 2s, and got "1h"/);
    await filter('state:authorising');
    expect(await page.locator('#filter-problem').textContent()).toMatch(
      /^There is no state "authorising"\. Expected one of: .*authorizing/,
    );
    await filter('colour:red');
    expect(await page.locator('#filter-problem').textContent()).toMatch(
      /^There is no filter "colour"\. Expected one of: outcome:/,
    );
    expect(await filter('')).toBe(5);
    // By the keyboard alone.
    await page.getByRole('listbox').focus();
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: /got/ }).waitFor();
  }, 60_000);

  test('an init is saved and opened again; one of another version of the machine is refused, with what was expected', async () => {
    await open('inits');
    await init('wrong');
    await page.locator('.rows .row').click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save this init' }).click(),
    ]);
    const folder = temporaryFolder();
    const file = join(folder, 'saved.json');
    await download.saveAs(file);
    const recording = JSON.parse(readFileSync(file, 'utf8'));
    expect(recording).toMatchObject({
      format: 'session-init.recorded-init',
      version: 1,
      machine: { id: 'sessionInit' },
    });
    const upload = async (text: string) => {
      const path = join(folder, 'opened.json');
      writeFileSync(path, text);
      await page.locator('input[type=file]').first().setInputFiles(path);
    };
    await upload(JSON.stringify({ ...recording, init: { ...recording.init, username: 'from-a-file' } }));
    await page.getByRole('heading', { name: 'from-a-file got no session' }).waitFor();
    await page.getByText('from the file opened.json').waitFor();
    for (const [text, expected] of [
      ['nothing', 'expected a JSON object with "format": "session-init.recorded-init"'],
      [JSON.stringify({ ...recording, version: 2 }), 'Expected version 1 of the format of recordings, and this is 2.'],
      [
        JSON.stringify({ ...recording, machine: { id: 'sessionInit', version: 'older' } }),
        `Expected a recording of the machine sessionInit, version ${recording.machine.version}; this one was made with "sessionInit" "older".`,
      ],
      [JSON.stringify({ ...recording, init: { ...recording.init, phases: 'x' } }), 'expected init.phases to be a list'],
    ]) {
      await upload(text as string);
      await page
        .locator('.notice')
        .filter({ hasText: expected as string })
        .waitFor();
    }
  }, 60_000);

  test('outcomes and connections', async () => {
    await open('outcomes');
    await Promise.all(['alice', 'bob', 'wrong', 'broken'].map((user) => init(user)));
    const row = (name: string) => page.getByRole('row', { name });
    await row('Session established 2').waitFor();
    await row('Authenticator failed 1 25 % AUTHENTICATION_SYS_FAIL').waitFor();
    expect(await page.locator('.chart rect').count()).toBeGreaterThanOrEqual(3);
    await page.getByRole('button', { name: 'Authentication denied' }).click();
    await page.locator('.rows .row', { hasText: 'wrong' }).waitFor();
    expect(await page.locator('.rows .row').count()).toBe(1);

    await page.goto(`${new URL(inspector.url).origin}/#/connections`);
    await page.getByText('No transport tells of its connections').waitFor();
    inspector.onTransportEvent({ type: 'connection.opened', connectionId: 'one', ipAddress: '192.0.2.7' });
    inspector.onTransportEvent({ type: 'handshake.refused', ipAddress: '192.0.2.8', status: 403, cause: 'origin' });
    await page.getByRole('row', { name: 'one none yet 192.0.2.7' }).waitFor();
    inspector.onTransportEvent({
      ...{ type: 'connection.bound', connectionId: 'one', ipAddress: '192.0.2.7', sessionId: 1, user: 'alice' },
    });
    await page.getByRole('row', { name: 'one alice 192.0.2.7' }).waitFor();
    await page.getByRole('row', { name: 'handshake refused 192.0.2.8 origin, answered with 403' }).waitFor();
    inspector.onBreakerChange({ backend: HOSTILE[0] as string, state: 'open', cause: 'deadline_exceeded' });
    await page.getByRole('row', { name: /^<img src=x.* open .*It failed last with deadline_exceeded/ }).waitFor();
    inspector.onTransportEvent({
      ...{ type: 'connection.closed', connectionId: 'one', ipAddress: '192.0.2.7', code: 1006, reason: '' },
    });
    await page.getByRole('row', { name: 'code 1006: the line broke: the client was gone without a word' }).waitFor();
  }, 60_000);

  test('hostile names are shown, and do nothing', async () => {
    await open('inits');
    const names = [...HOSTILE, 'x'.repeat(255)];
    for (const name of names) await init(name, '192.0.2.1');
    // Of 100 kB it is none that an init can have; an actor of somebody else's can.
    const long = `<b>${'long '.repeat(20_000)}</b>`;
    inspector.onTransportEvent({
      type: 'connection.closed',
      connectionId: 'x',
      ipAddress: long,
      code: 1006,
      reason: long,
    });
    inspector.onTransportEvent({ type: 'connection.opened', connectionId: long, ipAddress: HOSTILE[0] as string });
    await page
      .locator('.rows .row')
      .nth(names.length - 1)
      .waitFor();
    const shown = await page.locator('.rows').innerText();
    expect(shown.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(shown).toContain('<img src=x');
    expect(shown).toContain('\\u{202e}gnp.exe');
    for (const name of ['live', 'connections', 'outcomes', 'inits']) {
      await page.goto(`${new URL(inspector.url).origin}/#/${name}`);
      await page.waitForTimeout(100);
    }
    for (let index = 0; index < names.length; index++) {
      await page.goto(`${new URL(inspector.url).origin}/#/inits`);
      await page.locator('.rows .row').nth(index).click();
      await page.getByRole('heading', { name: /got a session/ }).waitFor();
    }
    expect(await page.title()).toBe('session-init inspector');
    expect(await page.locator('main img, main script, main b b').count()).toBe(0);
    // No name makes the page wider than it is.
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
  }, 120_000);

  test('200,000 inits: the page goes on, shows the rows, filters, and takes what comes', async () => {
    await open('inits');
    await page.evaluate(async (modules) => {
      const { Store } = await import(`${modules}store.js`);
      const { initsView } = await import(`${modules}inits-view.js`);
      const store = new Store();
      const inits = Array.from({ length: 200_000 }, (_, index) => ({
        referenceId: `id-${index}`,
        state: index % 10 === 0 ? 'authenticationDenied' : 'authorized',
        ...(index % 10 === 0 && { reason: 'AUTHENTICATION_DENIED' }),
        username: `user-${index % 1_000}`,
        ipAddress: '192.0.2.1',
        startedAt: 1_700_000_000_000 + index,
        duration: 20,
        phases: [
          ['admitting', 1],
          ['authenticating', 10],
          ['authorizing', 2],
          ['establishing', 7],
        ],
      }));
      const view = initsView({ openInit() {}, openFilter() {}, openRecording() {} });
      Object.assign(globalThis, { element: view.element });
      store.addInits(inits);
      view.update(store);
      Object.assign(globalThis, { many: { store, view } });
    }, '/inspector/page/');
    await page.evaluate('document.querySelector("main").replaceChildren(element)');
    const list = page.getByRole('listbox');
    await page.locator('.rows .row', { hasText: 'user-999' }).first().waitFor();
    expect(await page.locator('.rows .row').count()).toBeLessThan(100);
    await list.focus();
    await page.keyboard.press('End');
    await page.locator('.row[aria-posinset="200000"]').waitFor();
    // Who has scrolled down goes on seeing the same while more come.
    await list.evaluate((element) => element.scrollTo(0, 4_400_000));
    await page.locator('.row[aria-posinset="100001"]').waitFor();
    const before = await page.locator('.row').nth(20).innerText();
    await page.evaluate(() => {
      const { many } = globalThis as unknown as {
        many: { store: { addInits(inits: object[]): void; inits: object[] }; view: { update(store: object): void } };
      };
      many.store.addInits([{ ...many.store.inits[0], referenceId: 'new' }]);
      many.view.update(many.store);
    });
    await page.locator('.row[aria-posinset="100002"]').waitFor();
    expect(await page.locator('.rows').innerText()).toContain(before.split('\n')[0] as string);
    await page.getByLabel('Filter').fill('outcome:failure user:user-990');
    await page.getByText('200 inits of 200,001.').waitFor();
  }, 120_000);

  test('live under load: thousands of inits in a second, and the page answers', async () => {
    await open('live');
    let isOver = false;
    const load = (async () => {
      while (!isOver) {
        await Promise.all(Array.from({ length: 100 }, (_, index) => init(index % 9 === 0 ? 'wrong' : 'alice')));
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
    })();
    try {
      await page
        .locator('.summary')
        .filter({ hasText: /\d,\d{3} inits ended/ })
        .waitFor();
      await page.getByRole('link', { name: 'Inits', exact: true }).click();
      await page.getByLabel('Filter').fill('outcome:failure');
      await page.locator('.rows .row').first().click();
      await page.getByRole('heading', { name: 'wrong got no session' }).waitFor();
    } finally {
      isOver = true;
      await load;
    }
  }, 120_000);

  test('reconnects by itself when the inspector is there again', async () => {
    const port = Number(new URL(inspector.url).port);
    const token = tokenOf(inspector.url);
    await open();
    await init('alice');
    await badge('authorized').filter({ hasText: '1' }).waitFor();
    await inspector.close();
    await page.getByText('The inspector does not answer').waitFor();
    inspector = await startInspector({ port, token });
    inspector.attach(orchestrator);
    await page.locator('.status.live').waitFor();
    await init('wrong');
    await badge('authenticationDenied').filter({ hasText: '1' }).waitFor();
    // It has not forgotten what it was told before.
    await page.getByRole('link', { name: 'Inits', exact: true }).click();
    await page.locator('.rows .row', { hasText: 'alice' }).waitFor();
  }, 60_000);

  test('without its token, or with a wrong one, the page says what to do; another tab can be given it', async () => {
    await page.goto(inspector.url.replace(/#.*/, ''));
    await page.getByRole('heading', { name: 'This page needs its token' }).waitFor();
    await page.getByLabel('Address or token').fill('nonsense');
    await page.getByRole('button', { name: 'Open' }).click();
    await page.getByText('Expected the whole address').waitFor();
    await page.getByLabel('Address or token').fill(`x${tokenOf(inspector.url).slice(1)}`);
    await page.getByRole('button', { name: 'Open' }).click();
    await page.getByRole('heading', { name: 'This token opens nothing' }).waitFor();
    await page.getByLabel('Address or token').fill(inspector.url);
    await page.getByRole('button', { name: 'Open' }).click();
    await page.locator('.status.live').waitFor();
    // The token is in no address that stays in the history, and another tab does not have it.
    await page.goto(inspector.url);
    await page.waitForURL((url) => url.hash === '');
    await page.locator('.status.live').waitFor();
    expect(page.url()).not.toContain('token');
    const other = await page.context().newPage();
    watch(other);
    await other.goto(inspector.url.replace(/#.*/, ''));
    await other.getByRole('heading', { name: 'This page needs its token' }).waitFor();
    await other.goto(inspector.url);
    await other.locator('.status.live').waitFor();
    await other.close();
  }, 60_000);

  test('a page from elsewhere reads nothing, whatever it knows', async () => {
    await page.goto(inspector.url.replace(/#.*/, ''));
    const elsewhere = await startInspector();
    try {
      const other = await browser.newPage();
      await other.goto(elsewhere.url.replace(/#.*/, ''));
      const result = await other.evaluate(async (target) => {
        const fetched = await fetch(target).then(
          () => 'read',
          () => 'refused',
        );
        return fetched;
      }, new URL(inspector.url).origin);
      expect(result).toBe('refused');
      await other.close();
      expect(
        (await ask(inspector.url, { origin: 'http://evil.example.org' })).headers['access-control-allow-origin'],
      ).toBeUndefined();
    } finally {
      await elsewhere.close();
    }
  }, 60_000);

  test('in the dark, on a small screen, and as a list of names for a screen reader', async () => {
    await init('wrong');
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.setViewportSize({ width: 480, height: 800 });
    await open();
    await badge('authenticationDenied').filter({ hasText: '1' }).waitFor();
    const colour = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(await colour()).toBe('rgb(13, 18, 27)');
    await page.getByRole('button', { name: 'Theme: auto' }).click();
    expect(await colour()).toBe('rgb(244, 246, 250)');
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    await page.getByRole('group', { name: 'The steps of an init, and where inits are now' }).waitFor();
    await page.getByRole('button', { name: /^authorized\. The session is established/ }).waitFor();
    await page.getByRole('navigation', { name: 'Views' }).waitFor();
  }, 60_000);
});
