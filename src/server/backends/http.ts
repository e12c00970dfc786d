import * as z from 'zod';
import { httpAuthenticator } from '../../adapters/authenticators/http.js';
import { secretSource } from '../settings.js';
import { authenticatorBackend, given } from './backend.js';
import { jsonEndpointOptions, jsonEndpointSettings } from './http-client-settings.js';

export const httpBackend = authenticatorBackend({
  schema: z.strictObject({
    type: z.literal('http'),
    ...jsonEndpointSettings,
    signingSecret: secretSource('Signs each request, as in Standard Webhooks: whsec_ and base64.').optional(),
  }),
  async open({ type: _, signingSecret, ...settings }, context) {
    return httpAuthenticator({
      ...(await jsonEndpointOptions(settings, context)),
      ...(signingSecret && { signingSecret: await context.readSecret(signingSecret) }),
      ...given({ name: context.name }),
    });
  },
});
