import type { IncomingMessage, ServerResponse } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { isOwnHost } from './access.js';
import type { PageFile } from './page-files.js';

/** Nothing from elsewhere, no script or style in the page, no frame around it, and nothing that is stored. */
const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Frame-Options': 'DENY',
};

/** Answers requests for the files of the page. There is no secret in them: data comes by the WebSocket alone. */
export function answerWith(files: ReadonlyMap<string, PageFile>, names: ReadonlySet<string>) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    const status = statusOf(request, names);
    const file = status === 200 ? files.get((request.url ?? '').replace(/\?.*$/s, '')) : undefined;
    if (file === undefined) {
      const refusal = status === 200 ? 404 : status;
      response.writeHead(refusal, { ...HEADERS, 'Content-Type': 'text/plain; charset=utf-8' });
      response.end(`${refusal} ${REASONS[refusal] ?? STATUS_CODES[refusal]}\n`);
      return;
    }
    response.writeHead(200, { ...HEADERS, 'Content-Type': file.type, 'Content-Length': file.body.length });
    response.end(request.method === 'HEAD' ? undefined : file.body);
  };
}

/** Refuses a handshake. */
export function refuseUpgrade(socket: Duplex, status: number): void {
  socket.on('error', () => socket.destroy());
  const text = REASONS[status] ?? STATUS_CODES[status] ?? '';
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
  );
}

const REASONS: Readonly<Record<number, string>> = {
  404: 'There is no such page. Open the address that the inspector has printed.',
  405: 'Only GET and HEAD are answered.',
  421: 'The inspector does not go by this name. Use 127.0.0.1 or localhost, or name it in hostNames.',
};

function statusOf(request: IncomingMessage, names: ReadonlySet<string>): number {
  if (!isOwnHost(request, names)) return 421;
  return request.method === 'GET' || request.method === 'HEAD' ? 200 : 405;
}
