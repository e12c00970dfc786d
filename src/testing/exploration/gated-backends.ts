import {
  type AuthenticationOutcome,
  type Authenticator,
  type Authorizer,
  type Backends,
  FullAuthSession,
  OverloadedError,
  type SessionCreation,
  type SessionManager,
  type SessionRequest,
} from '../../index.js';
import type { Clock } from '../../model/clock.js';
import type { BackendName } from './script.js';
import type { SessionBook } from './session-book.js';
import type { Heard, InitStory, OpenCall } from './story.js';

/** What stands in every error that a scripted backend throws. No client may ever see it. */
export const BACKEND_TEXT = 'marked-backend-text';

/** What the gates are told by, and tell. */
export interface Gatekeeper {
  readonly clock: Clock;
  readonly calls: Set<OpenCall>;
  readonly book: SessionBook;
  /** The init that a call belongs to. */
  storyAt(ipAddress: string | undefined): InitStory | undefined;
  storyNamed(name: string | undefined): InitStory | undefined;
  broken(promise: string, says: string): void;
  /** Whether the next removal is to fail. */
  takeFailingRemoval(): boolean;
}

/** What the user of an init has as a secret. It is searched for in everything that is told. */
export function secretOf(story: Pick<InitStory, 'name'>): string {
  return `marked-user-secret-of-${story.name}`;
}

/**
 * Backends that stand behind gates: what is asked of one stays open until the script says what it answers. On a yes the
 * real backend is asked, if there is one. What comes through is noted, and that no step was skipped is checked (P3).
 */
export function gatedBackends(
  real: Partial<Backends> & Pick<Backends, 'sessionManager'>,
  keeper: Gatekeeper,
): Backends {
  return {
    authenticator: gatedAuthenticator(real.authenticator, keeper),
    authorizer: gatedAuthorizer(real.authorizer, keeper),
    sessionManager: gatedSessionManager(real.sessionManager, keeper),
  };
}

function gatedAuthenticator(real: Authenticator | undefined, keeper: Gatekeeper): Authenticator {
  return {
    name: 'authenticator',
    authenticate(credentials, options) {
      const story = keeper.storyAt(credentials.ipAddress);
      if (story === undefined) return stranger(keeper, 'authenticator');
      if (credentials.username !== story.user || credentials.secret.reveal() !== secretOf(story)) {
        keeper.broken('P3', `the authenticator was asked for ${story.name} with credentials of somebody else`);
      }
      const yes = async () => {
        const answer: AuthenticationOutcome = (await real?.authenticate(credentials, options)) ?? {
          outcome: 'authenticated',
          user: story.user,
        };
        if (answer.outcome !== 'authenticated') return answer;
        // The authorizer is not told who asks; by this group the call is known to be this init's.
        return { ...answer, groups: [...(answer.groups ?? []), story.name] };
      };
      return ask(keeper, 'authenticator', story, yes, { outcome: 'denied', cause: 'wrongSecret' });
    },
  };
}

function gatedAuthorizer(real: Authorizer | undefined, keeper: Gatekeeper): Authorizer {
  return {
    name: 'authorizer',
    authorize(identity, options) {
      const story = keeper.storyNamed(identity.groups?.at(-1));
      if (story === undefined) return stranger(keeper, 'authorizer');
      if (story.heard.authenticator !== 'yes') {
        keeper.broken('P3', `the authorizer was asked for ${story.name}, who was not authenticated`);
      }
      const known = { ...identity, groups: identity.groups?.slice(0, -1) };
      const yes = async () => real?.authorize(known, options) ?? { outcome: 'authorized' };
      return ask(keeper, 'authorizer', story, yes, { outcome: 'denied', cause: 'missingGroup' });
    },
  };
}

function gatedSessionManager(real: SessionManager, keeper: Gatekeeper): SessionManager {
  const { book } = keeper;
  return {
    name: 'session manager',
    create(request: SessionRequest, options) {
      const story = keeper.storyAt(request.ipAddress);
      if (story === undefined) return stranger(keeper, 'session manager');
      const { authenticator, authorizer } = story.heard;
      if (authenticator !== 'yes' || authorizer !== 'yes') {
        keeper.broken('P3', `a session was asked for ${story.name}, who was not authenticated and then authorized`);
      }
      let creation: Promise<SessionCreation> | undefined;
      const create = () => {
        creation ??= book.note(story, request.user, real.create(request, options));
        return creation;
      };
      return ask(keeper, 'session manager', story, create, { outcome: 'limitReached' }, create);
    },
    async remove(sessionId, options) {
      if (keeper.takeFailingRemoval()) throw new Error(`The store is down (${BACKEND_TEXT}).`);
      const wasThere = await real.remove(sessionId, options);
      book.removed(sessionId);
      return wasThere;
    },
    findBySecret: (secret, options) => real.findBySecret(secret, options),
    findById: (sessionId, options) => real.findById(sessionId, options),
    listByUser: (user, page, options) => real.listByUser(user, page, options),
    refresh: (sessionId, options) => real.refresh(sessionId, options),
    removeExpired: (limit, options) => real.removeExpired(limit, options),
  };
}

/** Opens a call; or, if the init's script says so, answers it before it returns. */
function ask(
  keeper: Gatekeeper,
  backend: BackendName,
  story: InitStory,
  yes: () => Promise<unknown>,
  no: object,
  create?: () => Promise<unknown>,
): Promise<never> {
  if (story.asked[backend] !== undefined) keeper.broken('P3', `the ${backend} was asked twice for ${story.name}`);
  story.asked[backend] = keeper.clock.monotonic();
  const atOnce = story.atOnce[backend];
  if (atOnce === 'an error') {
    story.heard[backend] = 'fault';
    throw new Error(`It throws before it returns a promise (${BACKEND_TEXT}).`);
  }
  return new Promise<unknown>((resolve, reject) => {
    const settle = (value: unknown) => {
      story.heard[backend] = heardIn(value);
      resolve(value);
    };
    const fail = (error: unknown) => {
      story.heard[backend] = error instanceof OverloadedError ? 'overload' : 'fault';
      reject(error);
    };
    const call: OpenCall = {
      backend,
      story,
      hasCreated: false,
      answer(outcome) {
        keeper.calls.delete(call);
        if (outcome === 'yes') yes().then(settle, fail);
        else if (outcome === 'no') settle(no);
        else if (outcome === 'garbage') settle({ outcome: 'perhaps' });
        else if (outcome === 'overload') fail(new OverloadedError(BACKEND_TEXT, { retryAfter: 7 }));
        else fail(new Error(BACKEND_TEXT));
      },
      ...(create && {
        create() {
          call.hasCreated = true;
          create().catch(() => {});
        },
      }),
    };
    keeper.calls.add(call);
    if (atOnce !== undefined) call.answer(atOnce);
  }) as Promise<never>;
}

function heardIn(value: unknown): Heard {
  const { outcome, session } = value as { outcome?: unknown; session?: unknown };
  if (outcome === 'denied' || outcome === 'limitReached') return 'no';
  if (outcome === 'created') return session instanceof FullAuthSession ? 'yes' : 'garbage';
  return outcome === 'authenticated' || outcome === 'authorized' ? 'yes' : 'garbage';
}

function stranger(keeper: Gatekeeper, backend: BackendName): Promise<never> {
  keeper.broken('P3', `the ${backend} was asked for somebody who did not ask`);
  return new Promise(() => {});
}
