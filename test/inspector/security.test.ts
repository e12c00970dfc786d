import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { type Inspector, serveInspector } from '../../src/inspector/inspector.js';
import { CLOSE_CODES } from '../../src/inspector/protocol.js';
import { simulatedClock } from '../../src/testing/simulated-clock.js';
import { ask, ScriptedPage, startInspector, tokenOf } from '../support/inspector-world.js';
import { root } from '../support/package-exports.js';

const started: Inspector[] = [];
afterEach(async () => {
  for (const one of started.splice(0)) await one.close();
});

async function start(...options: Parameters<typeof startInspector>): Promise<Inspector> {
  const inspector = await startInspector(...options);
  started.push(inspector);
  return inspector;
}

describe('the address', () => {
  test('ASVS 14.2.1: has the token in the part that a browser sends to nobody', async () => {
    const { url, statelyUrl } = await start();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{43}$/);
    expect(new URL(url).search).toBe('');
    // The key to show events opens nothing.
    expect(statelyUrl).not.toContain(tokenOf(url));
    const page = await ScriptedPage.open(url, statelyUrl.split('/').at(-1));
    expect((await page.closed).code).toBe(CLOSE_CODES.wrongToken);
  });

  test('is new with each inspector', async () => {
    const [one, other] = [await start(), await start()];
    expect(tokenOf(one.url)).not.toBe(tokenOf(other.url));
  });

  test('has a port that stays the same, or the next one if that is taken', async () => {
    const ports: number[] = [];
    for (let count = 0; count < 2; count++) {
      const inspector = await serveInspector({}, `${root}dist`);
      started.push(inspector);
      ports.push(Number(new URL(inspector.url).port));
    }
    const [one = 0, other = 0] = ports;
    expect(one).toBeGreaterThanOrEqual(3013);
    expect(one).toBeLessThan(3023);
    expect(other).toBeGreaterThan(one);
  });

  test('is of this machine alone, unless asked for by name', async () => {
    await expect(startInspector({ host: '0.0.0.0' })).rejects.toThrow(/can be reached from elsewhere.*allowPlaintext/);
  });
});

describe('the page', () => {
  test('runs no script and no style that is not its own, is framed by nobody and stored nowhere', async () => {
    const { url } = await start();
    const { status, headers, body } = await ask(url);
    expect(status).toBe(200);
    const policy = String(headers['content-security-policy']);
    expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("require-trusted-types-for 'script'");
    expect(policy).not.toContain('unsafe');
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'cross-origin-opener-policy': 'same-origin',
    });
    expect(body).not.toMatch(/<script(?![^>]* src=)|<style|style=|https?:/);
  });

  test('has every file that its scripts import, and no other of the package', async () => {
    const { url } = await start();
    const seen = new Map<string, string>();
    const pending = ['/inspector/page/main.js'];
    for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
      if (seen.has(path)) continue;
      const { status, headers, body } = await ask(new URL(path, url).href);
      expect([path, status, headers['content-type']]).toEqual([path, 200, 'text/javascript; charset=utf-8']);
      seen.set(path, body);
      for (const [, imported] of body.matchAll(/^(?:import|export) [^'"]*from ['"](.+)['"];$/gm)) {
        pending.push(new URL(imported as string, new URL(path, url)).pathname);
      }
    }
    expect(seen.size).toBeGreaterThan(20);
    for (const path of ['/index.js', '/inspector/inspector.js', '/package.json', '/inspector/page/../inspector.js']) {
      expect((await ask(new URL('/', url).href.slice(0, -1) + path)).status).toBe(404);
    }
  });

  test.each(['/../package.json', '/%2e%2e/package.json', '/inspector/page/%00', '//example.org/', '/__proto__'])(
    '%s is nothing',
    async (path) => {
      const { url } = await start();
      expect((await ask(new URL(url).origin + path)).status).toBe(404);
    },
  );

  test('is only read', async () => {
    const { url } = await start();
    expect((await ask(url, {}, 'POST')).status).toBe(405);
    expect((await ask(url, {}, 'HEAD')).body).toBe('');
  });
});

describe('DNS rebinding', () => {
  test.each(['evil.example.org', 'evil.example.org:80', 'localhost.evil.example.org', '127.0.0.2'])(
    'a request to %j is refused',
    async (host) => {
      const { url } = await start();
      expect((await ask(url, { host })).status).toBe(421);
      await expect(ScriptedPage.open(url, null, { host })).rejects.toThrow('421');
    },
  );

  test('this machine has several names, and may be given more', async () => {
    const { url } = await start({ hostNames: ['inspector.example.org'] });
    for (const host of ['127.0.0.1', 'localhost:99', '[::1]:80', 'Inspector.Example.Org']) {
      expect([host, (await ask(url, { host })).status]).toEqual([host, 200]);
    }
  });
});

describe('the data', () => {
  test.each([
    ['a wrong one', JSON.stringify({ type: 'hello', token: randomBytes(32).toString('base64url') })],
    ['none', JSON.stringify({ type: 'hello' })],
    ['an empty one', JSON.stringify({ type: 'hello', token: '' })],
    ['an object', JSON.stringify({ type: 'hello', token: { length: 43 } })],
    ['no JSON', 'token'],
    ['nothing', ''],
  ])('is for nobody with another token: %s', async (_, message) => {
    const { url } = await start();
    const page = await ScriptedPage.open(url, null);
    page.send(message);
    expect((await page.closed).code).toBe(CLOSE_CODES.wrongToken);
    expect(page.messages).toEqual([]);
  });

  test('is for nobody who shows no token in time', async () => {
    const clock = simulatedClock();
    const { url } = await start({ clock });
    const page = await ScriptedPage.open(url, null);
    await clock.advance(5_000);
    expect((await page.closed).code).toBe(CLOSE_CODES.noToken);
    expect(page.messages).toEqual([]);
  });

  test.each(['http://evil.example.org', 'null', 'http://127.0.0.1:1', 'http://localhost', 'file://'])(
    'ASVS 4.4.2: is not for a page from %s, even with the token',
    async (origin) => {
      const { url } = await start();
      await expect(ScriptedPage.open(url, tokenOf(url), { origin })).rejects.toThrow('403');
    },
  );

  test('is for its own page', async () => {
    const { url } = await start();
    const page = await ScriptedPage.open(url, tokenOf(url), { origin: new URL(url).origin });
    expect(await page.hello()).toMatchObject({ type: 'hello', protocol: 1 });
    page.close();
    await page.closed;
  });

  test('is for so many pages and no more, and a closed one makes room', async () => {
    const { url } = await start();
    const pages = await Promise.all(Array.from({ length: 16 }, () => ScriptedPage.open(url)));
    await Promise.all(pages.map((page) => page.hello()));
    const tooMany = await ScriptedPage.open(url, null);
    expect((await tooMany.closed).code).toBe(CLOSE_CODES.tooMany);
    pages[0]?.close();
    await pages[0]?.closed;
    for (;;) {
      const page = await ScriptedPage.open(url);
      const isIn = await Promise.race([page.hello().then(() => true), page.closed.then(() => false)]);
      if (isIn) break;
    }
  });

  test('a page that sends much is cut off', async () => {
    const { url } = await start();
    const page = await ScriptedPage.open(url);
    await page.hello();
    page.send('x'.repeat(2_000));
    expect((await page.closed).code).toBe(1009);
  });
});

describe('the door for other applications', () => {
  test.each(['/stately', '/stately/', '/stately/wrong', '/feed/x', '/', '/stately/KEY/x'])(
    'is not %s',
    async (path) => {
      const { statelyUrl } = await start();
      const url = new URL(path.replace('KEY', statelyUrl.split('/').at(-1) ?? ''), statelyUrl);
      const refused = new Promise((resolve, reject) => new WebSocket(url).on('open', resolve).on('error', reject));
      await expect(refused).rejects.toThrow('404');
    },
  );

  test('is open to pages of this machine, and to none from elsewhere', async () => {
    const { statelyUrl } = await start();
    const open = (origin: string) =>
      new Promise((resolve, reject) => new WebSocket(statelyUrl, { origin }).on('open', resolve).on('error', reject));
    await expect(open('https://evil.example.org')).rejects.toThrow('403');
    await open('http://localhost:5173');
  });

  test('tells nothing, and closes on what it does not understand', async () => {
    const { statelyUrl } = await start();
    const webSocket = new WebSocket(statelyUrl);
    const told: unknown[] = [];
    webSocket.on('message', (data) => told.push(data));
    await new Promise((resolve) => webSocket.on('open', resolve));
    webSocket.send('{"type":"hello"}');
    const [code, reason] = await new Promise<[number, string]>((resolve) =>
      webSocket.on('close', (code, reason) => resolve([code, String(reason)])),
    );
    expect([code, reason, told]).toEqual([1008, 'A message must have a sessionId that is a string.', []]);
  });
});

test('options that cannot work are named, all of them', async () => {
  const options = { port: 70_000, token: 'short', sampling: -1, hostNames: ['http://x'] };
  await expect(startInspector(options)).rejects.toMatchObject({
    code: 'invalid_configuration',
    problems: [
      'port must be a whole number from 0 to 65535, and is 70000.',
      'sampling must be a whole number from 0 to 1000000, and is -1.',
      'token must have at least 32 characters, of letters, digits and -._~ only.',
      'hostNames: "http://x" is no host name such as inspector.example.org.',
    ],
  });
});

test('a port in use is told with what to do', async () => {
  const { url } = await start();
  await expect(startInspector({ port: Number(new URL(url).port) })).rejects.toThrow(/the port is in use/);
});
