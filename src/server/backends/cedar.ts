import * as z from 'zod';
import { cedarAuthorizer } from '../../adapters/authorizers/cedar.js';
import { file, text, texts } from '../settings.js';
import { authorizerBackend, given } from './backend.js';

export const cedarBackend = authorizerBackend({
  schema: z.strictObject({
    type: z.literal('cedar'),
    policies: file('The policies, in Cedar.'),
    schema: file('A schema in Cedar, which the policies and every request are held against.').optional(),
    action: text('The id of the action: Action::"createSession".').default('createSession'),
    resource: text('The id of the resource: Service::"session-init".').default('session-init'),
    namespace: text('The namespace of all types, such as Acme.').optional(),
    claims: texts('The claims that the policies get; by default all of them.').optional(),
  }),
  async open({ type: _, schema, namespace, claims, ...settings }, { name }) {
    const authorizer = cedarAuthorizer({ ...settings, ...given({ schema, namespace, claims, name }) });
    await authorizer.open();
    return authorizer;
  },
});
