import { expect, test } from '@jest/globals';
import { startInspector, tokenOf } from '../support/inspector-world.js';
import { pageWorld } from '../support/page-world.js';
import { chromium, describeWith } from '../support/requires.js';

describeWith(chromium, 'the page, in a browser', (executablePath) => {
  const world = pageWorld(executablePath);

  test('200,000 inits: the page goes on, shows the rows, filters, and takes what comes', async () => {
    const { page, open } = world;
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
    const { page, init, open } = world;
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
    const { page, init, open, badge } = world;
    const port = Number(new URL(world.inspector.url).port);
    const token = tokenOf(world.inspector.url);
    await open();
    await init('alice');
    await badge('authorized').filter({ hasText: '1' }).waitFor();
    await world.inspector.close();
    await page.getByText('The inspector does not answer').waitFor();
    world.inspector = await startInspector({ port, token });
    world.inspector.attach(world.orchestrator);
    await page.locator('.status.live').waitFor();
    await init('wrong');
    await badge('authenticationDenied').filter({ hasText: '1' }).waitFor();
    // It has not forgotten what it was told before.
    await page.getByRole('link', { name: 'Inits', exact: true }).click();
    await page.locator('.rows .row', { hasText: 'alice' }).waitFor();
  }, 60_000);
});
