import * as z from 'zod';
import { httpAuthorizer } from '../../adapters/authorizers/http.js';
import { authorizerBackend, given } from './backend.js';
import { jsonEndpointOptions, jsonEndpointSettings } from './http-client-settings.js';

export const httpAuthorizerBackend = authorizerBackend({
  schema: z.strictObject({ type: z.literal('http'), ...jsonEndpointSettings }),
  async open({ type: _, ...settings }, context) {
    return httpAuthorizer({ ...(await jsonEndpointOptions(settings, context)), ...given({ name: context.name }) });
  },
});
