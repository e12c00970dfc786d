import * as z from 'zod';
import { allOf } from '../../adapters/authenticators/chain.js';
import { authenticatorName, text } from '../settings.js';
import { authenticatorBackend, given } from './backend.js';

export const allOfBackend = authenticatorBackend({
  schema: z.strictObject({
    type: z.literal('all-of'),
    authenticators: z
      .array(authenticatorName('The name of one in authenticators.'))
      .min(1)
      .describe('The factors. Every one must say yes; the first says who the user is.'),
    split: text(
      'The separator at which the secret is taken apart, a part for each factor, such as a comma.',
    ).optional(),
  }),
  async open({ authenticators, split }, { name, clock, authenticator }) {
    return allOf(await Promise.all(authenticators.map(authenticator)), { ...given({ name, split }), clock });
  },
});
