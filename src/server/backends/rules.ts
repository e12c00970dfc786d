import * as z from 'zod';
import { claimsProblems } from '../../adapters/authorizers/rules/expected-claims.js';
import { type ExpectedClaims, rulesAuthorizer } from '../../index.js';
import { texts } from '../settings.js';
import { authorizerBackend, given } from './backend.js';

const claims = z
  .record(z.string(), z.unknown())
  .superRefine((value, context) => {
    for (const message of claimsProblems(value, 'claims')) context.addIssue({ code: 'custom', message });
  })
  .describe(
    'By the name of each claim: its value, a list of values of which it has one, or an object with the same for what is in it.',
  );

const rule = z
  .strictObject({
    users: texts('The user is one of these.').min(1).optional(),
    groups: texts('The user is in one of these groups.').min(1).optional(),
    claims: claims.optional(),
  })
  .refine(({ users, groups, claims }) => users ?? groups ?? claims, {
    error: 'it has no part, which would let everybody in. Name users, groups or claims.',
  })
  .describe('One way to be let in. Every part that is given must hold.');

export const rulesBackend = authorizerBackend({
  schema: z.strictObject({
    type: z.literal('rules'),
    rules: z.array(rule).min(1).describe('A user may have a session if one of these holds, at least.'),
    noneOf: texts('The user must be in none of these groups; it goes before the rules.').min(1).optional(),
  }),
  open: ({ rules, noneOf }, { name }) =>
    rulesAuthorizer({
      rules: rules.map(({ claims, ...rest }) => given({ ...rest, claims: claims as ExpectedClaims | undefined })),
      ...given({ noneOf, name }),
    }),
});
