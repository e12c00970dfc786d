import * as z from 'zod';
import { casbinAuthorizer } from '../../adapters/authorizers/casbin.js';
import { file, text } from '../settings.js';
import { authorizerBackend, given } from './backend.js';

export const casbinBackend = authorizerBackend({
  schema: z.strictObject({
    type: z.literal('casbin'),
    model: file('The model of casbin, such as model.conf.'),
    policy: file('The policy, such as policy.csv.'),
    object: text('What the user asks for.').default('session'),
    action: text('What the user wants to do with it.').default('create'),
    userPrefix: z.string().default('user:').describe('What stands before the name of a user in the policy.'),
    groupPrefix: z.string().default('group:').describe('What stands before the name of a group in the policy.'),
  }),
  async open({ type: _, ...settings }, { name }) {
    const authorizer = casbinAuthorizer({ ...settings, ...given({ name }) });
    await authorizer.open();
    return authorizer;
  },
});
