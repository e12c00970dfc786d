import * as z from 'zod';
import { radiusAuthenticator } from '../../adapters/authenticators/radius.js';
import { count, milliseconds, secretSource, text } from '../settings.js';
import { authenticatorBackend, given } from './backend.js';

const server = z
  .strictObject({
    host: text('The name or the address of the server.'),
    port: z.int().min(1).max(65_535).default(1_812).describe('Its port for authentication.'),
    secret: secretSource('The secret that it shares with this client.'),
  })
  .describe('A RADIUS server.');

export const radiusBackend = authenticatorBackend({
  schema: z.strictObject({
    type: z.literal('radius'),
    servers: z.array(server).min(1).describe('The servers, the best first.'),
    nasIdentifier: text('As what the servers know this client.').max(253).default('session-init'),
    nasIpAddress: z.ipv4().describe('The IPv4 address of this client, if the servers want it.').optional(),
    groups: z
      .enum(['Class', 'Filter-Id'])
      .describe('The attribute of an Access-Accept whose values are the groups of the user.')
      .optional(),
    timeout: milliseconds(4_000, 'So long one authentication may take in all.'),
    serverTimeout: milliseconds(2_000, 'So long a server has to answer in, if there is another to ask.'),
    retransmitAfter: milliseconds(1_000, 'So long after a request it is sent again, about.'),
    retryAfter: milliseconds(30_000, 'So long a server that failed is put last.'),
    maxInFlight: count(1_024, 'How many authentications can be under way before inits are refused.'),
  }),
  async open({ type: _, servers, nasIpAddress, groups, ...settings }, { name, clock, readSecret }) {
    const known = await Promise.all(
      servers.map(async (server) => ({ ...server, secret: await readSecret(server.secret) })),
    );
    return radiusAuthenticator({ ...settings, servers: known, clock, ...given({ nasIpAddress, groups, name }) });
  },
});
