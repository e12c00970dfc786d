import { isIP } from 'node:net';

/**
 * @param option - what the URL is called in the message
 * @param url - an absolute URL, or what was given for one
 * @returns what is wrong with it, in a sentence that does not show it: it may hold a token
 */
export function urlProblem(option: string, url: unknown, allowPlaintext = false): string | undefined {
  if (typeof url !== 'string' || !URL.canParse(url)) return `${option} must be a URL with https:// in front.`;
  const { protocol, username, password, hash } = new URL(url);
  if (protocol !== 'https:' && protocol !== 'http:') return `${option} must begin with https://.`;
  if (username !== '' || password !== '') return `${option} must have no user and no password in it.`;
  if (hash !== '') return `${option} must have no # in it.`;
  if (!allowPlaintext && goesInClear(new URL(url))) {
    return `${option} would have secrets go in clear over the network. Use https://, or say allowPlaintext.`;
  }
  return undefined;
}

/** Whether what is said to it could be read on its way. */
export function goesInClear({ protocol, hostname }: URL): boolean {
  return protocol !== 'https:' && !isLoopback(hostname);
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || (isIP(hostname) === 4 && hostname.startsWith('127.'));
}
