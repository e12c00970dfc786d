import { expect, jest, test } from '@jest/globals';
import { createTestOrchestrator } from '../../../src/testing/index.js';

const readPolicyFile = jest.fn<(what: string, path: string) => Promise<string>>();
jest.unstable_mockModule('../../../src/adapters/policy-file.js', () => ({ readPolicyFile }));
const { casbinAuthorizer } = await import('../../../src/adapters/authorizers/casbin.js');
const { cedarAuthorizer } = await import('../../../src/adapters/authorizers/cedar.js');

const TEXTS: Record<string, string> = {
  model: `[request_definition]\nr = sub, obj, act\n[policy_definition]\np = sub, obj, act\n
[policy_effect]\ne = some(where (p.eft == allow))\n[matchers]\nm = r.sub == p.sub`,
  policy: 'p, user:alice, session, create',
  policies: 'permit(principal == User::"alice", action, resource);',
};

test.each([
  ['casbin', () => casbinAuthorizer({ model: 'model', policy: 'policy' })],
  ['cedar', () => cedarAuthorizer({ policies: 'policies' })],
])('ASVS 16.5.3: %s whose files do not come ends in a time-out, and goes on when they do', async (_, create) => {
  const waiting: (() => void)[] = [];
  readPolicyFile.mockImplementation(async (_, path) => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    return TEXTS[path.split('/').at(-1) as string] as string;
  });
  const authorizer = create();
  const world = createTestOrchestrator({ authorizer, deadlines: { authorization: 500 } });
  const init = world.init();
  while (waiting.length === 0) await new Promise((resolve) => setImmediate(resolve));
  await world.advance(500);
  expect((await init).data).toMatchObject({ reason: 'AUTH_ATTEMPT_TIMEOUT' });
  for (const come of waiting) come();
  await authorizer.open();
  expect(await world.init()).toMatchObject({ success: true });
  expect(await world.liveSessions()).toHaveLength(1);
  await world.close();
});
