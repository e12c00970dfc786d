import type { IncomingMessage, ServerResponse } from 'node:http';

/** Why a server is not ready: it has been told to stop, or the store of its sessions does not answer. */
export type NotReadyCause = 'draining' | 'sessionManager';

/** What a supervisor and a load balancer ask a server for, over plain HTTP on its own port. */
export interface Health {
  /**
   * Answers `GET /livez`, with 200 as long as the process can, and `GET /readyz`, with 200 or, beside the causes, 503.
   *
   * @returns whether it was one of these
   */
  answer(request: IncomingMessage, response: ServerResponse): boolean;
  /** From now on it is not ready, and never will be again. */
  beginDraining(): void;
}

/** @param isStoreReachable - see `storeCheck` */
export function serverHealth(isStoreReachable: () => Promise<boolean>): Health {
  let isDraining = false;

  async function causes(): Promise<NotReadyCause[]> {
    const isReachable = await isStoreReachable();
    return [...(isDraining ? (['draining'] as const) : []), ...(isReachable ? [] : (['sessionManager'] as const))];
  }

  async function answerReady(response: ServerResponse): Promise<void> {
    const found = await causes();
    if (found.length === 0) send(response, 200, { status: 'ready' });
    else send(response, 503, { status: 'notReady', causes: found });
  }

  return {
    answer({ method, url = '' }, response) {
      const path = url.split('?', 1)[0];
      if ((method !== 'GET' && method !== 'HEAD') || (path !== '/livez' && path !== '/readyz')) return false;
      if (path === '/livez') send(response, 200, { status: 'live' });
      else answerReady(response);
      return true;
    },
    beginDraining() {
      isDraining = true;
    },
  };
}

function send(response: ServerResponse, status: number, body: object): void {
  // Sockets that carry no WebSocket are cut off in the end, so none is kept for the next check.
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Cache-Control': 'no-store',
    Connection: 'close',
  });
  response.end(`${JSON.stringify(body)}\n`);
}
