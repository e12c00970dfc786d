import * as z from 'zod';
import { firstOf } from '../../adapters/authenticators/chain.js';
import { authenticatorName } from '../settings.js';
import { authenticatorBackend, given } from './backend.js';

/** How the users of several backends are kept apart. */
export const identities = z
  .enum(['qualified', 'merged'])
  .default('qualified')
  .describe('Whether a session is for corp:alice, the alice of corp, or for alice, whichever backend knows her.');

export const firstOfBackend = authenticatorBackend({
  schema: z.strictObject({
    type: z.literal('first-of'),
    authenticators: z
      .array(authenticatorName('The name of one in authenticators.'))
      .min(1)
      .describe('They are asked in this order, until one knows the user.'),
    onDenied: z
      .enum(['reject', 'continue'])
      .default('reject')
      .describe('What happens when one knows the user and says no.'),
    onFault: z.enum(['fail', 'continue']).default('fail').describe('What happens when one is at fault.'),
    identities,
  }),
  async open({ type: _, authenticators, ...settings }, { name, clock, authenticator }) {
    return firstOf(await Promise.all(authenticators.map(authenticator)), { ...settings, ...given({ name }), clock });
  },
});
