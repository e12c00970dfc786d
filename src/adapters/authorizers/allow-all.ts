import type { Authorizer } from '../ports.js';

/** Lets every authenticated user have a session. */
export function allowAllAuthorizer(): Authorizer {
  return { name: 'allow-all', authorize: async () => ({ outcome: 'authorized' }) };
}
