import { timingSafeEqual } from 'node:crypto';
import { BackendFaultError } from 'session-init';

/** An authenticator of one's own: users show a badge, and a directory knows it. `lookUp` returns undefined for nobody. */
export function badgeAuthenticator({ lookUp }) {
  return {
    name: 'badge',
    async authenticate({ username, secret }, { signal }) {
      let known;
      try {
        known = await lookUp(username, { signal });
      } catch (cause) {
        throw new BackendFaultError('The directory of badges did not answer.', { cause });
      }
      const [right, given] = [Buffer.from(known?.badge ?? ''), Buffer.from(secret.reveal())];
      const matches = right.length === given.length && timingSafeEqual(right, given);
      if (known === undefined) return { outcome: 'denied', cause: 'unknownUser' };
      return matches ? { outcome: 'authenticated', user: username } : { outcome: 'denied', cause: 'wrongSecret' };
    },
  };
}
