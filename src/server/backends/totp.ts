import * as z from 'zod';
import { totpAuthenticator } from '../../adapters/authenticators/totp.js';
import { file, milliseconds } from '../settings.js';
import { authenticatorBackend, given } from './backend.js';
import { warnIfExposed } from './read-secret.js';

export const totpBackend = authenticatorBackend({
  schema: z.strictObject({
    type: z.literal('totp'),
    path: file('The file with the secrets of the users, in JSON.'),
    period: z.int().min(1).max(3_600).default(30).describe('Seconds that a code is shown for.'),
    digits: z
      .union([z.literal(6), z.literal(7), z.literal(8)])
      .default(6)
      .describe('How many digits a code has.'),
    algorithm: z.enum(['sha1', 'sha256', 'sha512']).default('sha1').describe('With which hash codes are made.'),
    window: z.int().min(0).max(10).default(1).describe('How many periods a code may be early or late.'),
    usedSteps: z
      .enum(['sessionManager', 'memory'])
      .default('sessionManager')
      .describe(
        'Where used codes are remembered: in redis or postgres, if the sessions are there, for all nodes; or by each node.',
      ),
    timeout: milliseconds(4_000, 'So long one authentication may take in all.'),
  }),
  async open({ type: _, usedSteps, ...settings }, { name, clock, logger, ...context }) {
    const shared = usedSteps === 'sessionManager' ? context.usedSteps?.() : undefined;
    const authenticator = totpAuthenticator({ ...settings, clock, ...given({ name, usedSteps: shared }) });
    await authenticator.open();
    await warnIfExposed(settings.path, logger);
    return authenticator;
  },
});
