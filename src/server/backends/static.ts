import * as z from 'zod';
import { Secret, staticAuthenticator } from '../../index.js';
import { text } from '../settings.js';
import { authenticatorBackend, given } from './backend.js';

export const staticBackend = authenticatorBackend({
  schema: z.strictObject({
    type: z.literal('static'),
    users: z
      .record(
        z.string(),
        text('The secret, in clear.').transform((secret) => new Secret(secret)),
      )
      .describe('User name to secret, in clear.'),
    groups: z.record(z.string(), z.array(z.string())).optional().describe('User name to groups.'),
    allowInsecureStaticUsers: z
      .literal(true)
      .describe('Must be true, to say that you know: whoever can read this file has the secret of every user.'),
  }),
  open({ users, groups }, { name }) {
    const inClear = Object.entries(users).map(([user, secret]) => [user, secret.reveal()]);
    return staticAuthenticator({ users: Object.fromEntries(inClear), ...given({ groups, name }) });
  },
});
