import { inspect } from 'node:util';
import { expect } from '@jest/globals';
import type { Deadlines } from '../../src/machines/deadlines.js';
import type { OrphanReport } from '../../src/machines/orphan-removal.js';
import { TERMINAL_STATES } from '../../src/machines/terminal-states.js';
import { FailedSessionInitInfo } from '../../src/model/failed-session-init-info.js';
import { FAILURE_REASONS } from '../../src/model/failure-reason.js';
import { FullAuthSession } from '../../src/model/session.js';
import type { SessionInitResponse } from '../../src/model/session-init-response.js';
import type { FaultReport } from '../../src/orchestration/events.js';
import type { InitRecord } from '../../src/orchestration/init-record.js';
import { createSessionOrchestrator, type SessionOrchestratorOptions } from '../../src/orchestrator.js';
import { simulatedClock } from '../../src/testing/simulated-clock.js';
import {
  BackendLog,
  type Behaviour,
  scriptedAuthenticator,
  scriptedAuthorizer,
  scriptedSessionManager,
} from './scripted-backends.js';

export const DEADLINES: Deadlines = {
  request: 1_200,
  admission: 500,
  authentication: 500,
  authorization: 500,
  session: 500,
};
export const USER_SECRET = 'marked-user-secret-5e1f';

/** What the three backends do, in the order in which they are asked. */
export interface Script {
  authentication: Behaviour;
  authorization: Behaviour;
  session: Behaviour;
}

/** An orchestrator over scripted backends under simulated time, which notes everything that happens. */
export class InitWorld {
  readonly clock = simulatedClock();
  readonly log = new BackendLog();
  readonly records: InitRecord[] = [];
  readonly orphans: OrphanReport[] = [];
  readonly faults: FaultReport[] = [];
  readonly answers: SessionInitResponse[] = [];
  readonly orchestrator;
  asked = 0;

  constructor(
    script: (user: string) => Script,
    options: Partial<SessionOrchestratorOptions> & { failingRemovals?: number } = {},
  ) {
    const { failingRemovals = 0, ...orchestratorOptions } = options;
    const { clock, log } = this;
    this.orchestrator = createSessionOrchestrator({
      authenticator: scriptedAuthenticator((user) => script(user).authentication, clock, log),
      authorizer: scriptedAuthorizer((user) => script(user).authorization, clock, log),
      sessionManager: scriptedSessionManager((user) => script(user).session, clock, log, { failingRemovals }),
      deadlines: DEADLINES,
      clock,
      ...orchestratorOptions,
    });
    this.orchestrator.on('init.completed', (record) => this.records.push(record));
    this.orchestrator.on('session.orphaned', (report) => this.orphans.push(report));
    this.orchestrator.on('fault.reported', (report) => this.faults.push(report));
  }

  /** Starts an init. Its answer is noted in `answers`. */
  init(username: string, signal?: AbortSignal): void {
    this.asked++;
    const message = { username, user_secret: USER_SECRET };
    this.orchestrator.init(message, { ipAddress: '192.0.2.1', signal }).then((response) => this.answers.push(response));
  }

  /** Lets everything that can still happen happen: late answers, retries of removals. */
  async comeToRest(): Promise<void> {
    await this.clock.advance(120_000);
  }

  /** Checks what must hold after every run, whatever the script: promises P1 to P5. */
  checkPromises(): void {
    // P1: one answer, in time.
    expect(this.answers).toHaveLength(this.asked);
    expect(this.records).toHaveLength(this.asked);
    for (const { duration } of this.records) expect(duration).toBeLessThanOrEqual(DEADLINES.request);

    // P2: the sessions that live are those that were told of.
    const told = this.answers.flatMap(({ data }) => (data instanceof FullAuthSession ? [data.session_id] : []));
    expect([...this.log.live.keys()].sort()).toEqual(told.sort());

    // P3: per user, a creation is preceded by an authentication and an authorization of its own.
    const steps = new Map<string, string[]>();
    for (const entry of this.log.entries) {
      const [step = '', user = ''] = entry.split(' ');
      steps.set(user, [...(steps.get(user) ?? []), step]);
    }
    for (const taken of steps.values()) {
      if (taken.includes('create')) expect(taken.slice(0, 3)).toEqual(['authenticated', 'authorized', 'create']);
    }

    // P4: one reason, the one that the table gives for the state.
    for (const { success, data } of this.answers) {
      expect(success).toBe(data instanceof FullAuthSession);
      if (data instanceof FailedSessionInitInfo) expect(FAILURE_REASONS).toContain(data.reason);
    }
    for (const record of this.records) expect(record.reason).toBe(TERMINAL_STATES[record.state].reason);

    // P5: no secret in whatever is told, and no text of a backend in what goes to a client.
    const told5 = [this.records, this.orphans, this.faults, this.answers]
      .map((it) => inspect(it, { depth: 12, showHidden: true }) + JSON.stringify(it))
      .join('\n');
    expect(told5).not.toContain(USER_SECRET);
    for (const session of this.log.live.values()) expect(told5).not.toContain(session.session_secret?.reveal());
    expect(JSON.stringify(this.answers)).not.toContain('marked-backend-text');
  }
}
