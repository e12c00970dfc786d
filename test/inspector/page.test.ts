import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { createActor, createMachine } from 'xstate';
import { memorySessionManager } from '../../src/adapters/session-managers/memory.js';
import { createSessionOrchestrator, sessionInitMachine } from '../../src/index.js';
import { HOSTILE, pageWorld, SECRET } from '../support/page-world.js';
import { chromium, describeWith } from '../support/requires.js';
import { temporaryFolder } from '../support/temporary-folder.js';

describeWith(chromium, 'the page, in a browser', (executablePath) => {
  const world = pageWorld(executablePath);

  test('the live view: where inits are, and which way they went', async () => {
    const { page, init, open, badge } = world;
    await open();
    await page.getByText('No init yet').waitFor();
    init('held');
    init('held');
    await badge('authenticating').filter({ hasText: '2' }).waitFor();
    await page.locator('.side').getByText('held is in authenticating for').first().waitFor();
    world.release();
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
    const { page, init, open } = world;
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

    await page.goto(`${new URL(world.inspector.url).origin}/#/inits`);
    await page.locator('.rows .row', { hasText: 'alice' }).click();
    await page.getByText('establishSession answered: created (session 1)').waitFor();
    const response = await page.getByLabel('The response as JSON').textContent();
    expect(response).toMatch(/"session_secret": "\[redacted/);
    expect(await page.content()).not.toMatch(/[0-9a-f]{64}/);
    expect(await page.content()).not.toContain(SECRET);
  }, 60_000);

  test('why, for whoever does not know the code; who left, and from where; which backend said what', async () => {
    const { page, init, open, badge } = world;
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
    await page.goto(`${new URL(world.inspector.url).origin}/#/live`);
    const caller = new AbortController();
    const left = world.orchestrator.init(
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
    const { page, open, badge } = world;
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
      world.inspector.attach(extended);
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
    const { page, open } = world;
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
    const actor = createActor(player, { inspect: world.inspector.inspect }).start();
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
    world.watch(other);
    await other.goto(world.inspector.url);
    await other.getByRole('link', { name: 'Actors' }).click();
    await other.locator('[data-state="player.playing.silent"].here').waitFor();
    await other.close();
    actor.stop();
    await page.getByText('Status: stopped').waitFor();
  }, 60_000);

  test('the list: filters, and what a wrong one expects', async () => {
    const { page, init, open } = world;
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
    const { page, init, open } = world;
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
    const { page, init, open } = world;
    await open('outcomes');
    await Promise.all(['alice', 'bob', 'wrong', 'broken'].map((user) => init(user)));
    const row = (name: string) => page.getByRole('row', { name });
    await row('Session established 2').waitFor();
    await row('Authenticator failed 1 25 % AUTHENTICATION_SYS_FAIL').waitFor();
    expect(await page.locator('.chart rect').count()).toBeGreaterThanOrEqual(3);
    await page.getByRole('button', { name: 'Authentication denied' }).click();
    await page.locator('.rows .row', { hasText: 'wrong' }).waitFor();
    expect(await page.locator('.rows .row').count()).toBe(1);

    await page.goto(`${new URL(world.inspector.url).origin}/#/connections`);
    await page.getByText('No transport tells of its connections').waitFor();
    world.inspector.onTransportEvent({ type: 'connection.opened', connectionId: 'one', ipAddress: '192.0.2.7' });
    world.inspector.onTransportEvent({
      type: 'handshake.refused',
      ipAddress: '192.0.2.8',
      status: 403,
      cause: 'origin',
    });
    await page.getByRole('row', { name: 'one none yet 192.0.2.7' }).waitFor();
    world.inspector.onTransportEvent({
      ...{ type: 'connection.bound', connectionId: 'one', ipAddress: '192.0.2.7', sessionId: 1, user: 'alice' },
    });
    await page.getByRole('row', { name: 'one alice 192.0.2.7' }).waitFor();
    await page.getByRole('row', { name: 'handshake refused 192.0.2.8 origin, answered with 403' }).waitFor();
    world.inspector.onBreakerChange({ backend: HOSTILE[0] as string, state: 'open', cause: 'deadline_exceeded' });
    await page.getByRole('row', { name: /^<img src=x.* open .*It failed last with deadline_exceeded/ }).waitFor();
    world.inspector.onTransportEvent({
      ...{ type: 'connection.closed', connectionId: 'one', ipAddress: '192.0.2.7', code: 1006, reason: '' },
    });
    await page.getByRole('row', { name: 'code 1006: the line broke: the client was gone without a word' }).waitFor();
  }, 60_000);

  test('in the dark, on a small screen, and as a list of names for a screen reader', async () => {
    const { page, init, open, badge } = world;
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
