import { join } from 'node:path';
import * as z from 'zod';
import { usersFileAuthenticator } from '../../adapters/authenticators/users-file.js';
import { usersFileLog } from '../logging/users-file-log.js';
import { file } from '../settings.js';
import { authenticatorBackend, given } from './backend.js';

const schema = z.strictObject({
  type: z.literal('users-file'),
  path: file('The users file. By default it is users.json in dataDir.').optional(),
  format: z.enum(['auto', 'json', 'htpasswd']).default('auto').describe('How the users file is written.'),
  pollInterval: z
    .int()
    .min(20)
    .max(2 ** 31 - 1)
    .default(500)
    .describe('Milliseconds between two looks at the file.'),
});

/** The users file that these settings mean. */
export const usersFilePath = ({ path }: z.output<typeof schema>, dataDir: string) =>
  path ?? join(dataDir, 'users.json');

export const usersFileBackend = authenticatorBackend({
  schema,
  async open({ type: _, ...settings }, { name, dataDir, clock, logger }) {
    const path = usersFilePath({ type: _, ...settings }, dataDir);
    const authenticator = usersFileAuthenticator({
      ...settings,
      ...given({ name }),
      ...{ path, clock },
      ...usersFileLog(path, logger),
    });
    await authenticator.ready().catch(async (cause: unknown) => {
      await authenticator.close();
      throw cause;
    });
    return authenticator;
  },
});
