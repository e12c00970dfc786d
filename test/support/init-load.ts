import { setTimeout as wait } from 'node:timers/promises';
import type { SessionManager } from '../../src/adapters/ports.js';
import {
  allowAllAuthorizer,
  createSessionOrchestrator,
  FailedSessionInitInfo,
  type Secret,
  type SessionOrchestrator,
} from '../../src/index.js';
import { FullAuthSession } from '../../src/model/session.js';

/** A session as its client has it. */
export interface GrantedSession {
  id: number;
  user: string;
  secret: Secret;
}

/** What came of an init. */
interface LoadAnswer {
  /** Which of the nodes was asked. */
  node: number;
  user: string;
  session?: GrantedSession;
  reason?: string;
  /** Of a failure, as the operator's log has it. */
  cause: unknown;
  /** When it was given, by the monotonic clock. */
  at: number;
}

/** A node in this process: anybody who asks may have a session. */
export function nodeOn(sessionManager: SessionManager): SessionOrchestrator {
  return createSessionOrchestrator({
    authenticator: {
      name: 'anybody',
      authenticate: async ({ username: user }) => ({ outcome: 'authenticated', user }),
    },
    authorizer: allowAllAuthorizer(),
    sessionManager,
    throttle: false,
  });
}

/** Inits without an end on several nodes in this process, each for a user of its own. */
export class InitLoad {
  readonly answers: LoadAnswer[] = [];
  readonly #nodes: SessionOrchestrator[];
  readonly #running: Promise<void>[];
  #asked = 0;
  #isOver = false;

  /** @param parallel - so many at once on each node */
  constructor(managers: readonly SessionManager[], parallel = 8) {
    const causes = new Map<string, unknown>();
    this.#nodes = managers.map((manager) => nodeOn(manager));
    for (const node of this.#nodes) {
      node.on('init.completed', ({ username, cause }) => causes.set(username, cause));
    }
    this.#running = this.#nodes.flatMap((node, i) =>
      Array.from({ length: parallel }, () => this.#run(node, i, causes)),
    );
  }

  /** Those that were granted a session. */
  get granted(): { user: string; session: GrantedSession; at: number }[] {
    return this.answers.flatMap(({ user, session, at }) => (session ? [{ user, session, at }] : []));
  }

  /** When so many more of the given kind were answered on each node. */
  async until(kind: 'granted' | 'failed', more: number): Promise<void> {
    const start = this.answers.length;
    const isEnough = (node: number) =>
      this.answers
        .slice(start)
        .filter((answer) => answer.node === node && kind === (answer.session ? 'granted' : 'failed')).length >= more;
    while (!this.#nodes.every((_, node) => isEnough(node))) await wait(10);
  }

  /** When the latest answers of each node, so many, were all sessions. */
  async recovered(count: number): Promise<void> {
    const isSound = (node: number) => {
      const latest = this.answers.filter((answer) => answer.node === node).slice(-count);
      return latest.length === count && latest.every(({ session }) => session !== undefined);
    };
    while (!this.#nodes.every((_, node) => isSound(node))) await wait(10);
  }

  /** Begins no more, and waits for the answers to those that are under way. @throws unless each got one */
  async finish(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#running);
    if (this.answers.length !== this.#asked) throw new Error('An init was not answered, or twice.');
  }

  async close(): Promise<void> {
    await this.finish();
    await Promise.all(this.#nodes.map((node) => node.close()));
  }

  async #run(orchestrator: SessionOrchestrator, node: number, causes: Map<string, unknown>): Promise<void> {
    while (!this.#isOver) {
      const user = `user ${this.#asked++}`;
      const { data } = await orchestrator.init({ username: user, user_secret: 'marked' }, { ipAddress: '192.0.2.1' });
      const answer: LoadAnswer = { node, user, cause: causes.get(user), at: performance.now() };
      causes.delete(user);
      if (data instanceof FullAuthSession) {
        answer.session = { id: data.session_id, user: data.user, secret: data.session_secret as Secret };
      }
      if (data instanceof FailedSessionInitInfo) answer.reason = data.reason;
      this.answers.push(answer);
      // Nobody asks again at once when nothing works.
      if (answer.session === undefined) await wait(20);
    }
  }
}
