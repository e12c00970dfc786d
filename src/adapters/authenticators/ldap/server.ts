import { isIP } from 'node:net';

/** A server of the directory. */
export interface LdapServer {
  /** As it is written in the options, for messages. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Whether it speaks TLS from the first byte. */
  readonly isLdaps: boolean;
}

/** @returns undefined if it is no URL of an LDAP server, or has more in it than host and port */
export function parseServer(url: string): LdapServer | undefined {
  const [, scheme, rest] = /^(ldaps?):(\/\/[^/?#@\s]+)\/?$/i.exec(url) ?? [];
  if (scheme === undefined || !URL.canParse(`http:${rest}`)) return undefined;
  const isLdaps = scheme.toLowerCase() === 'ldaps';
  // Of http, since a URL of any other scheme is not parsed as closely. Its own port, 80, is left out of `port`.
  const { hostname, port } = new URL(`http:${rest}`);
  const standard = rest?.endsWith(':80') ? 80 : isLdaps ? 636 : 389;
  return { url, host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || standard, isLdaps };
}

/** Whether what is said to it stays on this machine. */
export function isLoopback({ host }: LdapServer): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
