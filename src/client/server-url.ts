import { ConfigurationError } from '../model/errors.js';

const LOOPBACK = /^(?:localhost|.+\.localhost|127(?:\.\d+){3}|\[::1\])$/;

/**
 * Checks the address of a server, before anything is sent there.
 *
 * @throws ConfigurationError if it is no `ws:` or `wss:` URL, would carry a credential, or would send secrets in clear
 * over a network
 */
export function checkServerUrl(given: string | URL, allowPlaintext: boolean): URL {
  const text = String(given);
  if (!URL.canParse(text))
    throw new ConfigurationError('url must be an absolute URL such as wss://example.org/session.');
  const url = new URL(text);
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') {
    throw new ConfigurationError(`url must begin with wss:// or ws://, and begins with ${url.protocol}`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new ConfigurationError('url must hold no user name or password: URLs end up in logs. Give them to init().');
  }
  if (url.protocol === 'ws:' && !allowPlaintext && !LOOPBACK.test(url.hostname)) {
    throw new ConfigurationError(
      `url sends secrets in clear to ${url.host}: use wss://, or set allowPlaintext: true where the network is trusted.`,
    );
  }
  // A WebSocket has no use for a fragment, and some implementations throw for one.
  url.hash = '';
  return url;
}
