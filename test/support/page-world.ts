import { afterAll, afterEach, beforeAll, beforeEach, expect } from '@jest/globals';
import { type Browser, chromium, type Page } from 'playwright-core';
import { memorySessionManager } from '../../src/adapters/session-managers/memory.js';
import { createSessionOrchestrator } from '../../src/index.js';
import type { Inspector } from '../../src/inspector/inspector.js';
import type { SessionOrchestrator } from '../../src/orchestrator.js';
import { startInspector } from './inspector-world.js';

export const SECRET = 'marked-user-secret-1';

/** What comes from outside, in bad faith: markup, what turns the order of reading, what moves a cursor, and a lot of it. */
export const HOSTILE = [
  '<img src=x onerror="document.title=`hacked`"><script>document.title=`hacked`</script>',
  '"><svg onload=alert(1)>',
  '‮gnp.exe\u202d',
  '\u001b[2J\u001b]0;hacked\u0007\r\nforged line',
  'a‏b​c\u0000d',
  'نامه‌ای از راست',
  '{{constructor.constructor("alert(1)")()}}',
];

/**
 * The page of an inspector in a real browser, and the orchestrator that it shows: another page and orchestrator for each
 * test. To be called in `describe`.
 */
export function pageWorld(executablePath: string): PageWorld {
  const world = new PageWorld();
  beforeAll(async () => {
    world.browser = await chromium.launch({
      executablePath,
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    });
  }, 120_000);
  afterAll(() => world.browser.close(), 60_000);
  beforeEach(() => world.start(), 60_000);
  afterEach(() => world.stop(), 60_000);
  return world;
}

class PageWorld {
  browser!: Browser;
  inspector!: Inspector;
  orchestrator!: SessionOrchestrator;
  page!: Page;
  #troubles: string[] = [];
  #held: (() => void)[] = [];

  async start(): Promise<void> {
    this.#held = [];
    this.#troubles = [];
    this.inspector = await startInspector({ maxInitsPerSecond: 1_000_000, sampling: 1_000, keep: 100_000 });
    this.orchestrator = createSessionOrchestrator({
      authenticator: {
        name: 'scripted',
        authenticate: async ({ username }) => {
          if (username === 'held') await new Promise<void>((resolve) => this.#held.push(resolve));
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
      sessionManager: memorySessionManager(),
      throttle: false,
    });
    this.inspector.attach(this.orchestrator);
    this.page = await (await this.browser.newContext({ viewport: { width: 1440, height: 1000 } })).newPage();
    this.page.setDefaultTimeout(20_000);
    this.watch(this.page);
  }

  async stop(): Promise<void> {
    await this.page.context().close();
    this.release();
    await this.inspector.close();
    await this.orchestrator.close();
    expect(this.#troubles).toEqual([]);
  }

  /** Whatever the page throws, and whatever its policy forbids, is a defect. */
  watch(watched: Page): void {
    const troubles = this.#troubles;
    watched.on('pageerror', (error) => troubles.push(error.message));
    watched.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('WebSocket')) troubles.push(message.text());
    });
    watched.on('request', (request) => {
      const { protocol, host } = new URL(request.url());
      if (host !== new URL(this.inspector.url).host && protocol !== 'blob:')
        troubles.push(`asked for ${request.url()}`);
    });
  }

  /** Lets the inits of the user `held` go on, which wait in the authenticator until then. */
  release(): void {
    for (const release of this.#held.splice(0)) release();
  }

  /** An init: of `wrong` it is denied, of `broken` the authenticator fails, of `held` it waits, and others get a session. */
  readonly init = (username: string, ipAddress = '192.0.2.1') =>
    this.orchestrator.init({ username, user_secret: SECRET }, { ipAddress });

  readonly open = async (place = ''): Promise<void> => {
    await this.page.goto(this.inspector.url);
    await this.page.locator('.status.live').waitFor();
    if (place !== '') await this.page.goto(`${new URL(this.inspector.url).origin}/#/${place}`);
  };

  /** How many inits are in a state, as the drawing says. */
  readonly badge = (state: string) => this.page.locator(`[data-state="sessionInit.${state}"] .badge text`);
}
