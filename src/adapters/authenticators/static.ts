import { createHash, timingSafeEqual } from 'node:crypto';
import type { Authenticator } from '../ports.js';

/** Options of {@link staticAuthenticator}. */
export interface StaticAuthenticatorOptions {
  /** User name to secret. */
  users: Readonly<Record<string, string>>;
  /** User name to the groups that the user is in. */
  groups?: Readonly<Record<string, readonly string[]>>;
  /** How the log and compositions call it. @defaultValue `'static'` */
  name?: string;
}

/**
 * Knows a fixed list of users with secrets in clear. For development and tests; for anything else there is
 * `usersFileAuthenticator`.
 */
export function staticAuthenticator(options: StaticAuthenticatorOptions): Authenticator {
  const users = new Map(
    Object.entries(options.users).map(([user, secret]) => [
      user,
      { hash: sha256(secret), groups: options.groups?.[user] },
    ]),
  );
  const nobody = { hash: sha256(''), groups: undefined };
  return {
    name: options.name ?? 'static',
    async authenticate({ username, secret }) {
      const known = users.get(username);
      const matches = timingSafeEqual((known ?? nobody).hash, sha256(secret.reveal()));
      if (known === undefined) return { outcome: 'denied', cause: 'unknownUser' };
      if (!matches) return { outcome: 'denied', cause: 'wrongSecret' };
      return { outcome: 'authenticated', user: username, groups: known.groups };
    },
  };
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
