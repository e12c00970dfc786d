import { FullAuthSession, newSessionSecret } from '../../dist/index.js';

/** Backends that answer at once, so that what is measured is what stands around them. */
export function immediateBackends() {
  let lastId = 0;
  return {
    authenticator: {
      name: 'immediate',
      authenticate: async ({ username }) => ({ outcome: 'authenticated', user: username }),
    },
    authorizer: { name: 'immediate', authorize: async () => ({ outcome: 'authorized' }) },
    sessionManager: {
      name: 'immediate',
      create: async ({ user, ipAddress }) => {
        const now = new Date();
        const session = new FullAuthSession({
          session_id: ++lastId,
          session_secret: newSessionSecret(),
          created: now,
          last_accessed: now,
          ip_address: ipAddress,
          user,
        });
        return { outcome: 'created', session };
      },
      findById: async (id) => ({ session_id: id }),
      remove: async () => true,
      removeExpired: async () => [],
    },
  };
}
