import { expect, test } from '@jest/globals';
import { ask, startInspector, tokenOf } from '../support/inspector-world.js';
import { HOSTILE, pageWorld } from '../support/page-world.js';
import { chromium, describeWith } from '../support/requires.js';

describeWith(chromium, 'the page, in a browser', (executablePath) => {
  const world = pageWorld(executablePath);

  test('hostile names are shown, and do nothing', async () => {
    const { page, init, open } = world;
    await open('inits');
    const names = [...HOSTILE, 'x'.repeat(255)];
    for (const name of names) await init(name, '192.0.2.1');
    // Of 100 kB it is none that an init can have; an actor of somebody else's can.
    const long = `<b>${'long '.repeat(20_000)}</b>`;
    world.inspector.onTransportEvent({
      type: 'connection.closed',
      connectionId: 'x',
      ipAddress: long,
      code: 1006,
      reason: long,
    });
    world.inspector.onTransportEvent({
      type: 'connection.opened',
      connectionId: long,
      ipAddress: HOSTILE[0] as string,
    });
    await page
      .locator('.rows .row')
      .nth(names.length - 1)
      .waitFor();
    const shown = await page.locator('.rows').innerText();
    expect(shown.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(shown).toContain('<img src=x');
    expect(shown).toContain('\\u{202e}gnp.exe');
    for (const name of ['live', 'connections', 'outcomes', 'inits']) {
      await page.goto(`${new URL(world.inspector.url).origin}/#/${name}`);
      await page.waitForTimeout(100);
    }
    for (let index = 0; index < names.length; index++) {
      await page.goto(`${new URL(world.inspector.url).origin}/#/inits`);
      await page.locator('.rows .row').nth(index).click();
      await page.getByRole('heading', { name: /got a session/ }).waitFor();
    }
    expect(await page.title()).toBe('session-init inspector');
    expect(await page.locator('main img, main script, main b b').count()).toBe(0);
    // No name makes the page wider than it is.
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
  }, 120_000);

  test('without its token, or with a wrong one, the page says what to do; another tab can be given it', async () => {
    const { page } = world;
    await page.goto(world.inspector.url.replace(/#.*/, ''));
    await page.getByRole('heading', { name: 'This page needs its token' }).waitFor();
    await page.getByLabel('Address or token').fill('nonsense');
    await page.getByRole('button', { name: 'Open' }).click();
    await page.getByText('Expected the whole address').waitFor();
    await page.getByLabel('Address or token').fill(`x${tokenOf(world.inspector.url).slice(1)}`);
    await page.getByRole('button', { name: 'Open' }).click();
    await page.getByRole('heading', { name: 'This token opens nothing' }).waitFor();
    await page.getByLabel('Address or token').fill(world.inspector.url);
    await page.getByRole('button', { name: 'Open' }).click();
    await page.locator('.status.live').waitFor();
    // The token is in no address that stays in the history, and another tab does not have it.
    await page.goto(world.inspector.url);
    await page.waitForURL((url) => url.hash === '');
    await page.locator('.status.live').waitFor();
    expect(page.url()).not.toContain('token');
    const other = await page.context().newPage();
    world.watch(other);
    await other.goto(world.inspector.url.replace(/#.*/, ''));
    await other.getByRole('heading', { name: 'This page needs its token' }).waitFor();
    await other.goto(world.inspector.url);
    await other.locator('.status.live').waitFor();
    await other.close();
  }, 60_000);

  test('a page from elsewhere reads nothing, whatever it knows', async () => {
    const { page } = world;
    await page.goto(world.inspector.url.replace(/#.*/, ''));
    const elsewhere = await startInspector();
    try {
      const other = await world.browser.newPage();
      await other.goto(elsewhere.url.replace(/#.*/, ''));
      const result = await other.evaluate(async (target) => {
        const fetched = await fetch(target).then(
          () => 'read',
          () => 'refused',
        );
        return fetched;
      }, new URL(world.inspector.url).origin);
      expect(result).toBe('refused');
      await other.close();
      expect(
        (await ask(world.inspector.url, { origin: 'http://evil.example.org' })).headers['access-control-allow-origin'],
      ).toBeUndefined();
    } finally {
      await elsewhere.close();
    }
  }, 60_000);
});
