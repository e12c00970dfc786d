import { CLOSE_CODES, type InspectorMessage, type PageHello, PROTOCOL } from '../protocol.js';

/** How the page stands with the inspector. */
export type ConnectionStatus = 'connecting' | 'live' | 'lost' | 'refused' | 'full' | 'outdated';

const FIRST_WAIT = 500;
const LONGEST_WAIT = 5_000;

/** Stays connected: after a loss it tries again, until the inspector refuses it. */
export function stayConnected(
  token: string,
  onMessage: (message: InspectorMessage) => void,
  onStatus: (status: ConnectionStatus) => void,
): void {
  let wait = FIRST_WAIT;

  function connect(): void {
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const webSocket = new WebSocket(`${scheme}://${location.host}/feed`);
    let isOutdated = false;
    webSocket.addEventListener('open', () => {
      const hello: PageHello = { type: 'hello', token };
      webSocket.send(JSON.stringify(hello));
    });
    webSocket.addEventListener('message', ({ data }) => {
      const message = JSON.parse(String(data)) as InspectorMessage;
      if (message.type === 'hello') {
        wait = FIRST_WAIT;
        isOutdated = message.protocol !== PROTOCOL;
        onStatus(isOutdated ? 'outdated' : 'live');
        if (isOutdated) webSocket.close();
      }
      if (!isOutdated) onMessage(message);
    });
    webSocket.addEventListener('close', ({ code }) => {
      if (isOutdated) return;
      if (code === CLOSE_CODES.wrongToken) return onStatus('refused');
      onStatus(code === CLOSE_CODES.tooMany ? 'full' : 'lost');
      setTimeout(connect, wait);
      wait = Math.min(LONGEST_WAIT, wait * 2);
    });
  }

  onStatus('connecting');
  connect();
}
