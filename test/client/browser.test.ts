import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type Browser, type Page, chromium as playwright } from 'playwright-core';
import type { SessionClient } from '../../src/client/index.js';
import { root } from '../support/package-exports.js';
import { chromium, describeWith } from '../support/requires.js';
import { ScriptedServer } from '../support/scripted-web-socket-server.js';
import { denial, SESSION_SECRET, success } from '../support/wire-answers.js';

const ALICE = { username: 'alice', user_secret: 'marked-user-secret-1' };

/** What the page has: the functions that are evaluated there see nothing else of this file. */
interface PageGlobals {
  sessionInit: typeof import('../../src/client/index.js');
  client: SessionClient;
}

/** The client, bundled as an application would. */
function bundle(): string {
  const esbuild = join(root, 'node_modules/esbuild/bin/esbuild');
  const args = ['--bundle', '--minify', '--platform=browser', '--format=iife', '--global-name=sessionInit'];
  const { stdout, stderr, status } = spawnSync(esbuild, [join(root, 'src/client/index.ts'), ...args], {
    encoding: 'utf8',
    maxBuffer: 16 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** A page that may do nothing but run its script and open WebSockets to this host. */
async function servePage(script: string): Promise<Server> {
  const http = createServer((request, response) => {
    const isScript = request.url === '/client.js';
    response.writeHead(200, {
      'content-type': isScript ? 'text/javascript' : 'text/html',
      'content-security-policy': "default-src 'none'; script-src 'self'; connect-src ws://127.0.0.1:*",
    });
    response.end(
      isScript ? script : '<!doctype html><link rel="icon" href="data:,"><script src="/client.js"></script>',
    );
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return http;
}

describeWith(chromium, 'in a browser', (executablePath) => {
  let script: string;
  let http: Server;
  let browser: Browser;
  let page: Page;
  let server: ScriptedServer;
  let pageErrors: Error[];

  beforeAll(async () => {
    script = bundle();
    http = await servePage(script);
    const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
    browser = await playwright.launch({ executablePath, args });
  }, 120_000);

  afterAll(async () => {
    await browser.close();
    http.closeAllConnections();
    http.close();
  }, 60_000);

  beforeEach(async () => {
    server = await ScriptedServer.start();
    page = await browser.newPage();
    pageErrors = [];
    // What is thrown and not caught, and what is rejected and not handled.
    page.on('pageerror', (error) => pageErrors.push(error));
    await page.goto(`http://127.0.0.1:${(http.address() as AddressInfo).port}/`);
  }, 60_000);

  afterEach(async () => {
    await page.close();
    await server.stop();
    expect(pageErrors).toEqual([]);
  }, 60_000);

  /** Asks for a session in the page. @returns the response as `JSON.stringify` shows it, and what it hides */
  function ask(url = server.url) {
    return page.evaluate(
      async ({ url, message }) => {
        const globals = globalThis as unknown as PageGlobals;
        const { connect, FullAuthSession } = globals.sessionInit;
        const causes: string[] = [];
        globals.client = connect(url, { onError: (error) => causes.push(error.message) });
        const response = await globals.client.init(message);
        const { data } = response;
        const secret = data instanceof FullAuthSession ? data.session_secret : undefined;
        return {
          response: JSON.parse(JSON.stringify(response)),
          secret: secret?.reveal(),
          shown: `${secret} ${JSON.stringify({ response })}`,
          causes,
        };
      },
      { url, message: ALICE },
    );
  }

  test('the bundle needs nothing of Node, and is as small as it was', () => {
    const gzipped = gzipSync(script, { level: 9 }).length;
    process.stdout.write(`session-init/client: ${script.length} bytes minified, ${gzipped} gzipped\n`);
    expect(gzipped).toBeLessThan(32_000);
  });

  test('a session: its secret can be used, and does not show', async () => {
    const asked = ask();
    const end = await server.connections.take();
    expect(await end.frames.take()).toEqual(ALICE);
    end.send(success('alice'));
    const { response, secret, shown, causes } = await asked;
    expect(response).toMatchObject({ success: true, data: { session_id: 1, user: 'alice', ip_address: '127.0.0.1' } });
    expect(secret).toBe(SESSION_SECRET);
    expect(shown).toContain('[redacted');
    expect(shown).not.toContain(SESSION_SECRET);
    expect(causes).toEqual([]);
  });

  test('a denial', async () => {
    const asked = ask();
    const end = await server.connections.take();
    await end.frames.take();
    end.send(new TextEncoder().encode(JSON.stringify(denial('alice'))));
    expect((await asked).response).toEqual(denial('alice'));
  });

  test('no server', async () => {
    const { url } = server;
    await server.stop();
    const { response, causes } = await ask(url);
    server = await ScriptedServer.start();
    expect(response).toMatchObject({
      success: false,
      data: { user: 'alice', reason: 'REQUEST_TIMED_OUT', details: 'There was no connection to the server.' },
    });
    expect(causes).toEqual([expect.stringContaining('No connection to ws://127.0.0.1:')]);
  });

  test('garbage, and what the policy of the page forbids', async () => {
    const asked = ask();
    const end = await server.connections.take();
    await end.frames.take();
    end.send(new Uint8Array([0xff, 0x00]));
    expect((await asked).response).toMatchObject({ data: { reason: 'OTHER', code: 'malformed_response' } });
    const forbidden = await ask('wss://example.org/');
    expect(forbidden.response).toMatchObject({ data: { reason: 'REQUEST_TIMED_OUT' } });
  });

  test('own messages, and the end of the session', async () => {
    const asked = ask();
    const end = await server.connections.take();
    await end.frames.take();
    end.send(success('alice'));
    await asked;
    const heard = page.evaluate(async () => {
      const { client } = globalThis as unknown as PageGlobals;
      const seen: unknown[] = [];
      client.onMessage((value) => seen.push(value));
      client.onSessionEnded((event) => seen.push(event));
      seen.push(client.send({ hello: 'service' }));
      seen.push(await client.closed, client.send({ text: 'too late' }));
      return seen;
    });
    expect(await end.frames.take()).toEqual({ hello: 'service' });
    end.send({ hello: 'client' });
    end.send({ event: 'session_ended', session_id: 1, cause: 'removed' });
    end.socket.close(4001, 'session ended');
    expect(await heard).toEqual([
      true,
      { hello: 'client' },
      { sessionId: 1, cause: 'removed' },
      { code: 4001, reason: 'session ended' },
      false,
    ]);
  });

  test('an abort while the answer is awaited: the server is told', async () => {
    const asked = page.evaluate(
      async ({ url, message }) => {
        const globals = globalThis as unknown as PageGlobals & { controller: AbortController };
        globals.controller = new AbortController();
        const client = globals.sessionInit.connect(url);
        return JSON.parse(JSON.stringify(await client.init(message, { signal: globals.controller.signal })));
      },
      { url: server.url, message: ALICE },
    );
    const end = await server.connections.take();
    await end.frames.take();
    await page.evaluate(() => (globalThis as unknown as { controller: AbortController }).controller.abort());
    expect(await asked).toMatchObject({ data: { reason: 'OTHER', code: 'cancelled' } });
    expect((await end.closed).code).toBe(1000);
  });

  test.each(['ws://example.org/', 'wss://alice:marked-user-secret@example.org/'])('%s is refused', async (url) => {
    const thrown = await page.evaluate((url) => {
      const { connect, ConfigurationError } = (globalThis as unknown as PageGlobals).sessionInit;
      try {
        return connect(url);
      } catch (error) {
        return error instanceof ConfigurationError && [error.code, error.message];
      }
    }, url);
    expect(thrown).toEqual(['invalid_configuration', expect.stringMatching(/^url /)]);
  });
});
