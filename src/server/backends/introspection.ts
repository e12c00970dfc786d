import * as z from 'zod';
import { introspectionAuthenticator } from '../../adapters/authenticators/introspection.js';
import { secretSource, text, texts } from '../settings.js';
import { authenticatorBackend, given } from './backend.js';
import { httpClientSettings, readTlsFiles } from './http-client-settings.js';
import { claimPath, clockTolerance } from './jwt.js';

export const introspectionBackend = authenticatorBackend({
  schema: z.strictObject({
    type: z.literal('introspection'),
    issuer: text('The authorization server. If it says who it is, it must be exactly this.'),
    introspectionEndpoint: text('Where it is asked about tokens. By default what its metadata says.').optional(),
    clientId: text('As whom it is asked.'),
    clientSecret: secretSource('The secret of that client, for client_secret_basic.').optional(),
    clientKey: secretSource('The private key of that client in PEM, for private_key_jwt.').optional(),
    clientKeyId: text('The name (kid) of that key at the server.').optional(),
    clientKeyAlgorithm: text('How that key signs, if it is an RSA key. By default RS256.').optional(),
    audience: z
      .union([z.string().min(1), texts('The aud.').min(1), z.literal(false)])
      .describe(
        'For whom tokens must be meant: one of these must be in the aud of the answer; false for a server that does not say.',
      ),
    scope: z
      .union([z.string().min(1), texts('The scopes.')])
      .optional()
      .describe('What tokens must be good for: all of these must be in the scope of the answer.'),
    usernameClaim: claimPath('The part of the answer that must be the user name.').default('sub'),
    groupsClaim: claimPath("The part of the answer with the user's groups.").optional(),
    clockTolerance,
    ...httpClientSettings,
  }),
  async open({ type: _, clientSecret, clientKey, ca, cert, key, ...settings }, context) {
    const { name, clock, readSecret } = context;
    return introspectionAuthenticator({
      ...given(settings),
      ...given({
        name,
        clientSecret: clientSecret && (await readSecret(clientSecret)),
        clientKey: clientKey && (await readSecret(clientKey)),
      }),
      ...(await readTlsFiles({ ca, cert, key }, context)),
      clock,
    });
  },
});
