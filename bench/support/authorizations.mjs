import { timed } from '../harness/timed.mjs';
import { callOptions } from './with-authenticator.mjs';

const CONCURRENT = 64;

/**
 * Asks for users, half of whom may have a session, 64 at a time.
 *
 * @param {number} milliseconds
 * @param {(request: { user: string, groups: string[], claims: object }) => Promise<boolean>} mayHave
 */
export async function authorizations(milliseconds, mayHave) {
  const requests = Array.from({ length: CONCURRENT }, (_, index) => ({
    user: `user-${index}`,
    groups: ['guests', index % 2 === 0 ? 'staff' : 'visitors', 'people'],
    claims: { email_verified: true, department: 'research' },
    ipAddress: '10.1.2.3',
  }));
  const outcomes = await Promise.all(requests.map(mayHave));
  if (!outcomes.every((outcome, index) => outcome === (index % 2 === 0))) throw new Error('Half were to be let in.');
  return () =>
    timed(milliseconds, async () => {
      await Promise.all(requests.map(mayHave));
      return CONCURRENT;
    });
}

/** The same question to an authorizer. */
export function askAuthorizer(authorizer) {
  return async (request) => (await authorizer.authorize(request, callOptions())).outcome === 'authorized';
}
