import { once } from 'node:events';
import { request } from 'node:http';
import { WebSocket } from 'ws';
import { serveInspector } from '../../src/inspector/inspector.js';
import type { InspectorOptions } from '../../src/inspector/options.js';
import type { InspectorHello, InspectorMessage, InspectorUpdate } from '../../src/inspector/protocol.js';
import { root } from './package-exports.js';

/** An inspector that serves the page as it was built. */
export function startInspector(options: InspectorOptions = {}) {
  return serveInspector({ port: 0, ...options }, `${root}dist`);
}

/** The token in the address of an inspector. */
export function tokenOf(url: string): string {
  return new URL(url).hash.replace('#token=', '');
}

/** The answer to a GET, or to another method, with any headers: those that `fetch` sets itself among them. */
export async function ask(url: string, headers: Record<string, string> = {}, method = 'GET') {
  const asked = request(url.replace(/#.*/, ''), { method, headers, agent: false });
  asked.end();
  const [response] = await once(asked, 'response');
  let body = '';
  for await (const part of response) body += part;
  return { status: response.statusCode as number, headers: response.headers, body };
}

/** A page, as far as its WebSocket goes. */
export class ScriptedPage {
  readonly messages: InspectorMessage[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #webSocket: WebSocket;
  #whenTold = () => {};

  private constructor(webSocket: WebSocket) {
    this.#webSocket = webSocket;
    this.closed = new Promise((resolve) => {
      webSocket.on('close', (code, reason) => resolve({ code, reason: String(reason) }));
    });
    webSocket.on('message', (data) => {
      this.messages.push(JSON.parse(String(data)));
      this.#whenTold();
    });
  }

  /** Connects, and shows a token if there is one. @throws with the status if the handshake is refused */
  static async open(url: string, token: string | null = tokenOf(url), headers: Record<string, string> = {}) {
    const webSocket = new WebSocket(`ws://${new URL(url).host}/feed`, { headers });
    const page = new ScriptedPage(webSocket);
    await once(webSocket, 'open');
    if (token !== null) page.send(JSON.stringify({ type: 'hello', token }));
    return page;
  }

  send(text: string): void {
    this.#webSocket.send(text);
  }

  close(): void {
    this.#webSocket.close();
  }

  /** Waits until a message fits. */
  async until(fits: (message: InspectorMessage) => boolean): Promise<InspectorMessage> {
    for (;;) {
      const found = this.messages.find(fits);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        this.#whenTold = resolve;
      });
    }
  }

  async hello(): Promise<InspectorHello> {
    return (await this.until(({ type }) => type === 'hello')) as InspectorHello;
  }

  /** Waits for an update that fits. */
  async update(fits: (update: InspectorUpdate) => boolean = () => true): Promise<InspectorUpdate> {
    return (await this.until((message) => message.type === 'update' && fits(message))) as InspectorUpdate;
  }

  /** All inits that it was shown. */
  get inits() {
    return this.messages.flatMap((message) => (message.type === 'update' ? message.inits : []));
  }
}
