import { allOf } from '../../src/adapters/authenticators/chain.js';
import {
  type Authenticator,
  createSessionOrchestrator,
  FailedSessionInitInfo,
  memorySessionManager,
} from '../../src/index.js';

/** What came of an init: for the client, and for the operator. */
export interface AuthenticatedInit {
  /** `authorized`, or the reason of the response. */
  reason: string;
  code: string | undefined;
  /** The whole response as a client could see it. */
  response: string;
  /** What the operator's log has of the cause. */
  cause: unknown;
}

/** A second factor needs a first one, which here lets everybody through to it. */
const ANYBODY: Authenticator = {
  name: 'anybody',
  authenticate: async ({ username: user }) => ({ outcome: 'authenticated', user }),
};

/** One init of somebody whom `authenticator` judges, and who then may have a session. */
export async function authenticatedInit(
  authenticator: Authenticator,
  { username, secret }: { username: string; secret: string },
): Promise<AuthenticatedInit> {
  let cause: unknown;
  const orchestrator = createSessionOrchestrator({
    authenticator: authenticator.isSecondFactor ? allOf([ANYBODY, authenticator]) : authenticator,
    authorizer: { name: 'open', authorize: async () => ({ outcome: 'authorized' }) },
    sessionManager: memorySessionManager(),
    throttle: false,
    onResponse: (_, record) => {
      cause = record.cause;
    },
  });
  const response = await orchestrator.init({ username, user_secret: secret }, { ipAddress: '192.0.2.1' });
  const { data } = response;
  const failed = data instanceof FailedSessionInitInfo ? data : undefined;
  return { reason: failed?.reason ?? 'authorized', code: failed?.code, response: JSON.stringify(response), cause };
}
