import * as z from 'zod';
import { chain } from '../../adapters/authenticators/chain.js';
import { authenticatorName } from '../settings.js';
import { authenticatorBackend, given } from './backend.js';
import { identities } from './first-of.js';

const link = z
  .strictObject({
    authenticator: authenticatorName('The name of one in authenticators.'),
    onSuccess: z.enum(['accept', 'continue', 'reject']).default('accept').describe('What happens after a yes.'),
    onDenied: z
      .enum(['reject', 'continue'])
      .default('reject')
      .describe('What happens after a no, but for that the user is unknown.'),
    onUnknownUser: z
      .enum(['continue', 'reject', 'accept'])
      .default('continue')
      .describe('What happens when it does not know the user.'),
    onFault: z.enum(['fail', 'continue']).default('fail').describe('What happens when it is at fault.'),
  })
  .describe('An authenticator, and what happens after each of its answers.');

export const chainBackend = authenticatorBackend({
  schema: z.strictObject({
    type: z.literal('chain'),
    links: z.array(link).min(1).describe('They are asked in this order.'),
    identities,
  }),
  async open({ links, identities }, { name, clock, authenticator }) {
    const opened = await Promise.all(
      links.map(async ({ authenticator: part, ...rules }) => ({
        ...rules,
        name: part,
        authenticator: await authenticator(part),
      })),
    );
    return chain(opened, { identities, ...given({ name }), clock });
  },
});
