import { Secret } from '../../dist/index.js';
import { CallerSignal, LazyAbortController } from '../../dist/model/lazy-signal.js';

/** What an init calls its backends with: the signal is made when the adapter asks for it. */
export const callOptions = () => new CallerSignal(new LazyAbortController());

/**
 * An adapter as an init asks it.
 *
 * @returns a function that says who the user is, undefined after a denial
 */
export function withAuthenticator(authenticator, { ipAddress } = {}) {
  return async (username, secret) => {
    const asserted = { username, secret: new Secret(secret), ipAddress };
    const outcome = await authenticator.authenticate(asserted, callOptions());
    return outcome.user;
  };
}
