import {
  type AuthorizationRequest,
  type Authorizer,
  createSessionOrchestrator,
  FailedSessionInitInfo,
  memorySessionManager,
} from '../../src/index.js';

/** What came of an init: for the client, and for the operator. */
export interface AuthorizedInit {
  /** `authorized`, or the reason of the response. */
  reason: string;
  code: string | undefined;
  /** The whole response as a client could see it. */
  response: string;
  /** What the operator's log has of the cause. */
  cause: unknown;
  /** How many sessions there are then. */
  sessions: number;
}

/** One init of a user who is who they say, whom `authorizer` judges. */
export async function authorizedInit(
  authorizer: Authorizer,
  { ipAddress = '192.0.2.1', ...identity }: AuthorizationRequest,
  deadline = 60_000,
): Promise<AuthorizedInit> {
  const sessionManager = memorySessionManager();
  let cause: unknown;
  const orchestrator = createSessionOrchestrator({
    authenticator: { name: 'sure', authenticate: async () => ({ outcome: 'authenticated', ...identity }) },
    authorizer,
    sessionManager,
    throttle: false,
    deadlines: { request: 120_000, authorization: deadline },
    onResponse: (_, record) => {
      cause = record.cause;
    },
  });
  const response = await orchestrator.init(
    { username: 'asserted', user_secret: 'marked-user-secret-1' },
    { ipAddress },
  );
  const sessions = (await sessionManager.listByUser(undefined)).length;
  const { data } = response;
  const failed = data instanceof FailedSessionInitInfo ? data : undefined;
  return {
    reason: failed?.reason ?? 'authorized',
    code: failed?.code,
    response: JSON.stringify(response),
    cause,
    sessions,
  };
}

/** What a client gets if the user may have no session, and if the authorizer is at fault. */
export const NOT_AUTHORIZED = { reason: 'USER_NOT_AUTHORIZED', code: 'user_not_authorized', sessions: 0 };
export const AUTHORIZER_FAILED = { reason: 'OTHER', code: 'authorizer_failed', sessions: 0 };
