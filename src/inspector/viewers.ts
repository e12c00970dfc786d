import type { WebSocket } from 'ws';
import type { Clock } from '../index.js';
import { isJsonObject } from '../model/json.js';
import { isSameToken } from './access.js';
import type { Feed, Viewer } from './feed.js';
import { CLOSE_CODES } from './protocol.js';

const MAX_VIEWERS = 16;
/** Milliseconds for the token. */
const HELLO_TIMEOUT = 5_000;

/** Lets pages look on that know the token. Before a page has shown it, nothing is sent to it. */
export class Viewers {
  readonly #feed: Feed;
  readonly #token: string;
  readonly #clock: Clock;
  #count = 0;

  constructor(feed: Feed, token: string, clock: Clock) {
    this.#feed = feed;
    this.#token = token;
    this.#clock = clock;
  }

  accept(webSocket: WebSocket): void {
    webSocket.on('error', () => webSocket.terminate());
    if (this.#count >= MAX_VIEWERS) {
      webSocket.close(CLOSE_CODES.tooMany, 'too many pages are open');
      return;
    }
    this.#count++;
    const timer = this.#clock.setTimeout(() => webSocket.close(CLOSE_CODES.noToken, 'no token came'), HELLO_TIMEOUT);
    let viewer: Viewer | undefined;
    webSocket.once('message', (data) => {
      this.#clock.clearTimeout(timer);
      if (!this.#isHello(String(data))) {
        webSocket.close(CLOSE_CODES.wrongToken, 'wrong token');
        return;
      }
      viewer = viewerOf(webSocket);
      this.#feed.add(viewer);
    });
    webSocket.once('close', () => {
      this.#count--;
      this.#clock.clearTimeout(timer);
      if (viewer !== undefined) this.#feed.remove(viewer);
    });
  }

  #isHello(text: string): boolean {
    try {
      const message: unknown = JSON.parse(text);
      const token = isJsonObject(message) && message['type'] === 'hello' ? message['token'] : undefined;
      return typeof token === 'string' && isSameToken(token, this.#token);
    } catch {
      return false;
    }
  }
}

function viewerOf(webSocket: WebSocket): Viewer {
  return {
    get waiting() {
      return webSocket.bufferedAmount;
    },
    send: (text) => webSocket.send(text, () => {}),
    drop: () => webSocket.terminate(),
  };
}
