import { describe, test } from '@jest/globals';
import { allOf, firstOf } from '../../../../src/adapters/authenticators/chain.js';
import type { Authenticator } from '../../../../src/adapters/ports.js';
import { staticAuthenticator } from '../../../../src/index.js';
import { authenticatorContract } from '../../../../src/testing/index.js';
import { said } from '../../../support/said.js';

const users = [
  { username: 'ada', secret: 'Marked-Secret-1', groups: ['staff'] },
  { username: 'bob', secret: 'Marked-Secret-2', groups: ['ops'] },
];
const knows = (name: string, list: typeof users): Authenticator => ({
  ...staticAuthenticator({
    users: Object.fromEntries(list.map(({ username, secret }) => [username, secret])),
    groups: Object.fromEntries(list.map(({ username, groups }) => [username, groups])),
  }),
  name,
});

describe.each([
  [
    'firstOf',
    () => firstOf([knows('one', users.slice(0, 1)), knows('two', users.slice(1))], { identities: 'merged' }),
    users,
  ],
  [
    'firstOf with users named by who knows them',
    () => firstOf([knows('one', users.slice(0, 1)), knows('two', users.slice(1))]),
    users.map((user, index) => ({ ...user, user: `${['one', 'two'][index]}:${user.username}` })),
  ],
  ['allOf', () => allOf([knows('one', users), knows('two', users)]), users],
  [
    'allOf with parts',
    () =>
      allOf(
        [
          knows('one', users),
          knows(
            'two',
            users.map((user) => ({ ...user, secret: '123456' })),
          ),
        ],
        { split: '/' },
      ),
    users.map((user) => ({ ...user, secret: `${user.secret}/123456` })),
  ],
])('the contract of an authenticator: %s', (_, create, known) => {
  const createBroken = () => firstOf([said('down', 'fault'), create()]);
  test.each(authenticatorContract({ create, users: known, createBroken }))('$name', ({ run }) => run());
});
