import { describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { ConfigurationError, connect } from '../../src/client/index.js';
import { loadWebSocket } from '../../src/client/web-socket.js';

class BrowserWebSocket {
  constructor(readonly url: string) {}
}

/** Runs `call` as if this were a browser, until it first waits. */
function inBrowser<Result>(call: () => Result): Result {
  const platform = globalThis as { process?: unknown; WebSocket?: unknown };
  const { process, WebSocket } = platform;
  try {
    // What bundlers put in place of Node's.
    platform.process = { versions: {} };
    platform.WebSocket = BrowserWebSocket;
    return call();
  } finally {
    Object.assign(platform, { process, WebSocket });
  }
}

describe('the WebSocket that is used', () => {
  test("is the browser's own in a browser", async () => {
    const open = await inBrowser(() => loadWebSocket({}));
    expect(open('ws://127.0.0.1:1/')).toEqual(new BrowserWebSocket('ws://127.0.0.1:1/'));
  });

  test('is that of ws in Node', async () => {
    const socket = (await loadWebSocket({}))('ws://127.0.0.1:1/');
    expect(socket).toBeInstanceOf(WebSocket);
    socket.addEventListener('error', () => {});
    const closed = new Promise((resolve) => socket.addEventListener('close', resolve));
    socket.close();
    await closed;
  });

  test.each([{ tls: { ca: 'a certificate' } }, { headers: {} }])('takes %j in Node only', (options) => {
    expect(() => inBrowser(() => connect('wss://example.org/', options))).toThrow(ConfigurationError);
  });
});
