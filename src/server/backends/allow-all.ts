import * as z from 'zod';
import { allowAllAuthorizer } from '../../index.js';
import { authorizerBackend } from './backend.js';

export const allowAllBackend = authorizerBackend({
  schema: z.strictObject({ type: z.literal('allow-all') }),
  open: () => allowAllAuthorizer(),
});
