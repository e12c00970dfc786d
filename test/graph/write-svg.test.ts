import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Browser, type Locator, type Page, chromium as playwright } from 'playwright-core';
import { createMachine } from 'xstate';
import { describeMachine } from '../../src/graph/describe-machine.js';
import { layoutGraph } from '../../src/graph/layout-graph.js';
import { layoutOwnMachine } from '../../src/graph/own-layouts.js';
import { OWN_MACHINES } from '../../src/graph/own-machines.js';
import { writeSvg } from '../../src/graph/write-svg.js';
import { HOSTILE, playerMachine } from '../support/player-machine.js';
import { chromium, describeWith } from '../support/requires.js';

async function svgOf(name: string): Promise<string> {
  const own = OWN_MACHINES.find((it) => it === name);
  return writeSvg(own ? await layoutOwnMachine(own) : await layoutGraph(describeMachine(playerMachine)));
}

const NAMES = [...OWN_MACHINES, 'player'];

test.each(NAMES)('%s refers to nothing elsewhere', async (name) => {
  const svg = (await svgOf(name)).replace('xmlns="http://www.w3.org/2000/svg"', '');
  expect(svg.match(/<script|https?:|url\((?!#)|@import|href=/)).toBeNull();
});

test('what XML cannot write is shown as U+FFFD, and the rest is as it was', async () => {
  const description = 'nul \0, half \ud800, 😀 <&>"\'';
  const machine = createMachine({ id: 'm', initial: 'a', states: { a: { description } } });
  const svg = writeSvg(await layoutGraph(describeMachine(machine)));
  expect(svg).toContain('<title>nul \ufffd, half \ufffd, 😀 &lt;&amp;&gt;&quot;&#39;</title>');
});

describeWith(chromium, 'in a browser', (executablePath) => {
  let browser: Browser;

  beforeAll(async () => {
    const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
    browser = await playwright.launch({ executablePath, args });
  }, 120_000);

  afterAll(() => browser.close(), 60_000);

  async function show(svg: string, colorScheme: 'light' | 'dark' = 'light'): Promise<Page> {
    const page = await browser.newPage({ colorScheme });
    await page.setContent(`<!doctype html><body>${svg}</body>`);
    return page;
  }

  test.each(NAMES)(
    '%s is well-formed XML',
    async (name) => {
      const page = await browser.newPage();
      await page.goto(`data:image/svg+xml;base64,${Buffer.from(await svgOf(name)).toString('base64')}`);
      expect(await page.locator('parsererror').count()).toBe(0);
      expect(await page.locator('svg.machine-graph text').count()).toBeGreaterThan(5);
      await page.close();
    },
    60_000,
  );

  test.each(NAMES)(
    '%s: every text has the room that it needs',
    async (name) => {
      const page = await show(await svgOf(name));
      const rooms = page.locator('g.state, g.label');
      expect(await rooms.count()).toBeGreaterThan(5);
      for (const room of await rooms.all()) {
        const outer = await boxOf(room.locator('rect').first());
        for (const text of await room.locator('text').all()) {
          const inner = await boxOf(text);
          const sides = [
            inner.x - outer.x,
            outer.x + outer.width - inner.x - inner.width,
            inner.y - outer.y + 1,
            outer.y + outer.height - inner.y - inner.height + 1,
          ];
          expect({ text: await text.textContent(), fits: Math.min(...sides) >= 0 }).toMatchObject({ fits: true });
        }
      }
      await page.close();
    },
    120_000,
  );

  test.each(NAMES)(
    '%s is light on a light page, and dark on a dark one',
    async (name) => {
      const svg = await svgOf(name);
      for (const scheme of ['light', 'dark'] as const) {
        const page = await show(svg, scheme);
        const canvas = await brightness(page.locator('.canvas'));
        const texts = await Promise.all((await page.locator('.state text').all()).map(brightness));
        expect(canvas > 128 ? 'light' : 'dark').toBe(scheme);
        // Half of the way from black to white: text that is easy to read.
        for (const text of texts) expect(Math.abs(text - canvas)).toBeGreaterThan(100);
        await page.close();
      }
    },
    60_000,
  );

  test('hostile names are text, in the middle of a page too', async () => {
    const page = await browser.newPage();
    const harm: unknown[] = [];
    page.on('pageerror', (error) => harm.push(error));
    page.on('dialog', (dialog) => harm.push(dialog.message()));
    await page.setContent(`<!doctype html><body>${await svgOf('player')}</body>`);
    const elements = await page.locator('body *').evaluateAll((all) => all.map(({ tagName }) => tagName.toLowerCase()));
    expect([...new Set(elements)].sort()).toEqual([
      'circle',
      'defs',
      'desc',
      'g',
      'marker',
      'path',
      'rect',
      'style',
      'svg',
      'text',
      'title',
    ]);
    const attributes = await page
      .locator('body *')
      .evaluateAll((all) => all.flatMap((element) => element.getAttributeNames()));
    expect(attributes.filter((name) => name.startsWith('on'))).toEqual([]);
    expect(await page.locator('svg > desc').textContent()).toBe('Plays <b>music</b>.');
    // XML has no control characters.
    const titles = await page.locator('title').allTextContents();
    expect(titles).toContain(HOSTILE.replace('\u0007', '\ufffd'));
    expect(harm).toEqual([]);
    await page.close();
  }, 60_000);
});

async function boxOf(locator: Locator): Promise<{ x: number; y: number; width: number; height: number }> {
  const box = await locator.boundingBox();
  if (box === null) throw new Error('It is not shown.');
  return box;
}

/** What the page has: tests are not compiled with its types. */
interface PageGlobals {
  getComputedStyle(element: unknown): { readonly fill: string };
}

/** Of what an element is filled with, from 0 to 255. */
async function brightness(locator: Locator): Promise<number> {
  const colour = await locator.evaluate(
    (element) => (globalThis as unknown as PageGlobals).getComputedStyle(element).fill,
  );
  const [red = 0, green = 0, blue = 0] = (colour.match(/\d+/g) ?? []).map(Number);
  return (red + green + blue) / 3;
}
