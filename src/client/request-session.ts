import type { SessionInitResponse } from '../model/session-init-response.js';
import { type ClientInitMessage, type ClientInitOptions, type ConnectOptions, connect } from './connect.js';

/**
 * Asks for one session on a connection of its own, which is closed afterwards: connect, init, close. The session stays,
 * and its secret opens it.
 *
 * @returns exactly one response, no later than the deadline
 * @throws ConfigurationError if the URL or an option cannot work; never for what happens on the network
 */
export async function requestSession(
  url: string | URL,
  message: ClientInitMessage,
  options: ConnectOptions & Pick<ClientInitOptions, 'signal'> = {},
): Promise<SessionInitResponse> {
  const client = connect(url, options);
  try {
    return await client.init(message, { signal: options.signal });
  } finally {
    client.close();
  }
}
