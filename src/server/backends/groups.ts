import * as z from 'zod';
import { groupsAuthorizer } from '../../index.js';
import { texts } from '../settings.js';
import { authorizerBackend, given } from './backend.js';

export const groupsBackend = authorizerBackend({
  schema: z.strictObject({
    type: z.literal('groups'),
    anyOf: texts('The user must be in at least one of these.').optional(),
    allOf: texts('The user must be in every one of these.').optional(),
    noneOf: texts('The user must be in none of these.').optional(),
  }),
  open: ({ anyOf, allOf, noneOf }) => groupsAuthorizer(given({ anyOf, allOf, noneOf })),
});
