import { fromPromise } from 'xstate';
import type {
  AuthenticationOutcome,
  Authenticator,
  AuthorizationOutcome,
  AuthorizationRequest,
  Authorizer,
  CallOptions,
  Credentials,
  SessionCreation,
  SessionManager,
} from '../adapters/ports.js';
import { readAuthentication, readAuthorization } from '../adapters/read-outcome.js';
import { type Clock, systemClock } from '../model/clock.js';
import { CallerSignal } from '../model/lazy-signal.js';
import type { Secret } from '../model/secret.js';
import { withheldCause, withheldError, withheldPath } from '../model/withhold-secret.js';
import type { Escrow } from './escrow.js';
import { type OrphanReport, removeOrphan } from './orphan-removal.js';
import { createdSessionId, readCreation } from './session-creation.js';
import type { AdmissionDecision, AdmissionRequest, EstablishmentRequest } from './session-init.js';

/** The backends of an init. */
export interface Backends {
  authenticator: Authenticator;
  authorizer: Authorizer;
  sessionManager: SessionManager;
}

/** Options of {@link sessionInitActors}. */
export interface SessionInitActorsOptions extends Backends {
  /** Decides whether an init may begin. @defaultValue admits everybody: no throttling, no bound */
  admit?: (request: AdmissionRequest, options: CallOptions) => Promise<AdmissionDecision>;
  /** For the retries of a removal. @defaultValue {@link systemClock} */
  clock?: Clock;
  /** Told of every session that was created for nobody. `removal` is done when it is removed or given up. */
  onOrphan?: (report: OrphanReport) => void;
  /** Told when work begins that may go on after an init has ended, and when it ends: so that a shut-down can wait. */
  background?: { begin(): void; end(): void };
  /**
   * Whether somebody may stop the machine, or leave the state that invoked it, before it has ended. Who never does saves
   * the signal that is needed to notice.
   *
   * @defaultValue true
   */
  canBeStopped?: boolean;
  /** Told of every session that had to go for a new one. */
  onEvicted?: (sessionId: number) => void;
}

/**
 * The actors that `sessionInitMachine.provide({ actors })` needs, made from the three ports.
 *
 * A session that is created after its init has ended, whichever way the two race, is removed again.
 */
export function sessionInitActors(options: SessionInitActorsOptions) {
  const { authenticator, authorizer, sessionManager, clock = systemClock, canBeStopped = true } = options;
  const {
    admit = async () => ({ outcome: 'admitted' }),
    onOrphan = () => {},
    background,
    onEvicted = () => {},
  } = options;
  return {
    admit: fromPromise<AdmissionDecision, AdmissionRequest>(async (call) => admit(call.input, new CallerSignal(call))),

    authenticate: fromPromise<AuthenticationOutcome, Credentials>(async (call) => {
      try {
        const answer: unknown = await authenticator.authenticate(call.input, new CallerSignal(call));
        const outcome = readAuthentication(authenticator.name, answer);
        if (outcome.outcome === 'denied') outcome.cause = withheldCause(outcome.cause, secretsOf(call.input));
        if (outcome.path !== undefined) outcome.path = withheldPath(outcome.path, secretsOf(call.input));
        return outcome;
      } catch (error) {
        throw withheldError(authenticator.name, error, secretsOf(call.input));
      }
    }),

    authorize: fromPromise<AuthorizationOutcome, AuthorizationRequest>(async (call) =>
      readAuthorization(authorizer.name, await authorizer.authorize(call.input, new CallerSignal(call))),
    ),

    establishSession: fromPromise<SessionCreation | undefined, EstablishmentRequest>(async (call) => {
      const { user, ipAddress, referenceId, escrow } = call.input;
      background?.begin();
      try {
        const answer: unknown = await sessionManager.create({ user, ipAddress }, new CallerSignal(call));
        const sessionId = createdSessionId(answer);
        const creation = readCreation(answer);
        if (sessionId !== undefined) {
          const secret = creation?.outcome === 'created' ? creation.session.session_secret : undefined;
          // Whoever stops the machine from outside leaves no final state behind that would release the escrow.
          if (canBeStopped) releaseOnAbort(escrow, call.signal);
          escrow.deposit(() => {
            background?.begin();
            const orphan = { sessionId, secret, user, referenceId };
            removeOrphan(orphan, sessionManager, clock, onOrphan).finally(() => background?.end());
          });
        }
        if (creation?.outcome === 'created') creation.evicted?.forEach(onEvicted);
        return creation;
      } finally {
        background?.end();
      }
    }),
  };
}

function secretsOf({ secret, oneTimeCode }: Credentials): readonly Secret[] {
  return oneTimeCode === undefined ? [secret] : [secret, oneTimeCode];
}

function releaseOnAbort(escrow: Escrow, signal: AbortSignal): void {
  if (signal.aborted) escrow.release();
  else signal.addEventListener('abort', () => escrow.release(), { once: true });
}
