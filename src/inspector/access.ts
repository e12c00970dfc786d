import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/** 256 bits, fit for a URL. */
export function newToken(): string {
  return randomBytes(32).toString('base64url');
}

/** Compares in a time that tells nothing of where two texts differ. */
export function isSameToken(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

/**
 * Whether a request came to one of our names. A page of somebody else's that has made its own name mean this machine
 * (DNS rebinding) sends that name; an address cannot be made to mean another.
 */
export function isOwnHost(request: IncomingMessage, names: ReadonlySet<string>): boolean {
  const name = hostName(`http://${request.headers.host ?? ''}`);
  if (name === undefined) return false;
  const address = name.replace(/^\[|\]$/g, '');
  return names.has(name) || (isIP(address) !== 0 && address === request.socket.localAddress?.replace(/^::ffff:/, ''));
}

/** Whether the page that a request came from is ours. What is no browser sends no Origin. */
export function isOwnOrigin({ headers }: IncomingMessage): boolean {
  const { origin, host } = headers;
  return origin === undefined || origin === `http://${host}` || origin === `https://${host}`;
}

/** Whether a request came from a page of this machine, or from no page. */
export function isLocalOrigin({ headers: { origin } }: IncomingMessage, names: ReadonlySet<string>): boolean {
  const name = origin === undefined ? undefined : hostName(origin);
  return origin === undefined || (name !== undefined && names.has(name));
}

function hostName(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}
