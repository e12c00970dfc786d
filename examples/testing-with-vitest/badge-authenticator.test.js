import { authenticatorContract, createTestOrchestrator, sessionInitMatchers } from 'session-init/testing';
import { describe, expect, test } from 'vitest';
import { badgeAuthenticator } from './badge-authenticator.js';

expect.extend(sessionInitMatchers);

const users = [
  { username: 'ada', secret: 'Badge-of-Ada' },
  { username: 'bob', secret: 'Badge-of-Bob' },
];
const badges = new Map(users.map(({ username, secret }) => [username, { badge: secret }]));
const lookUp = async (username) => badges.get(username);
const fail = async () => {
  throw new Error('ECONNREFUSED directory.internal');
};

describe('the contract of an authenticator', () => {
  const cases = authenticatorContract({
    create: () => badgeAuthenticator({ lookUp }),
    createBroken: () => badgeAuthenticator({ lookUp: fail }),
    users,
  });
  for (const { name, run } of cases) test(name, run);
});

describe('in an orchestrator', () => {
  test('a badge opens a session', async () => {
    const world = createTestOrchestrator({ authenticator: badgeAuthenticator({ lookUp }) });
    expect(await world.ask({ username: 'ada', user_secret: 'Badge-of-Ada' })).toBeAuthorized('ada');
    expect(await world.ask({ username: 'ada', user_secret: 'Badge-of-Bob' })).toBeRefusedWith('authentication_denied');
    expect(world.authenticator.callsOf('authenticate')).toHaveLength(2);
  });

  test('a directory that is down never looks like a wrong badge, and clients do not learn where it is', async () => {
    const world = createTestOrchestrator({ authenticator: badgeAuthenticator({ lookUp: fail }) });
    const response = await world.ask();
    expect(response).toHaveReason('AUTHENTICATION_SYS_FAIL');
    expect(response).toHaveNoSecret('directory.internal');
  });
});
