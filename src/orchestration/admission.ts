import type { GuessVerdict } from '../adapters/guess-store.js';
import type { CallOptions } from '../adapters/ports.js';
import type { AdmissionDecision, AdmissionRequest } from '../machines/session-init.js';
import { ConfigurationError } from '../model/errors.js';
import { Slots } from '../model/slots.js';
import type { Attempt, Throttle } from './throttle.js';

/** How much may be under way at once. */
export interface AdmissionOptions {
  /** Inits that talk to backends at the same time. @defaultValue 1024 */
  maxInFlight?: number;
  /** Inits that wait for their turn beyond these. What does not fit is refused at once. @defaultValue 8192 */
  maxQueued?: number;
}

/** What an init holds while it is under way. */
interface Ticket {
  attempt: Attempt | undefined;
  hasSlot: boolean;
  hasLeft: boolean;
}

/** Seconds after which a refused client may try again. */
const RETRY_AFTER = 1;

/**
 * Decides which inits begin, and when: none while draining, no more than fit, none of who guesses too often, the rest in
 * the order of their coming.
 */
export class Admission {
  readonly #throttle: Throttle | undefined;
  readonly #slots: Slots;
  readonly #capacity: number;
  readonly #tickets = new Map<string, Ticket>();
  readonly #onFault: (cause: unknown) => void;
  #draining = false;

  /** @param onFault - told when the outcome of an attempt could not be counted */
  constructor(options: AdmissionOptions, throttle: Throttle | undefined, onFault: (cause: unknown) => void) {
    const { maxInFlight = 1024, maxQueued = 8192 } = options;
    if (!(Number.isInteger(maxInFlight) && maxInFlight > 0)) {
      throw new ConfigurationError(`maxInFlight must be a positive integer, and is ${maxInFlight}.`);
    }
    if (!(Number.isInteger(maxQueued) && maxQueued >= 0)) {
      throw new ConfigurationError(`maxQueued must be a non-negative integer, and is ${maxQueued}.`);
    }
    this.#slots = new Slots(maxInFlight);
    this.#capacity = maxInFlight + maxQueued;
    this.#throttle = throttle;
    this.#onFault = onFault;
  }

  /** Inits that were admitted or wait for it, and have not left. */
  get size(): number {
    return this.#tickets.size;
  }

  /** From now on, nobody new is admitted. */
  drain(): void {
    this.#draining = true;
  }

  /**
   * Waits for the turn of an init. Whatever comes of it, `leave` must be called when the init has ended.
   *
   * @throws if the throttle's store fails, or the reason of the signal
   */
  async admit(
    { referenceId, username, ipAddress }: AdmissionRequest,
    options: CallOptions,
  ): Promise<AdmissionDecision> {
    if (this.#draining) return { outcome: 'refused', code: 'draining', retryAfter: RETRY_AFTER };
    if (this.size >= this.#capacity) return { outcome: 'refused', code: 'overloaded', retryAfter: RETRY_AFTER };
    const ticket: Ticket = { attempt: undefined, hasSlot: false, hasLeft: false };
    this.#tickets.set(referenceId, ticket);

    // The throttle comes first: those who wait there must not take the places of others.
    const attempt = await this.#throttle?.reserve(username, ipAddress, options);
    if (attempt?.outcome === 'refused') return attempt;
    ticket.attempt = attempt;
    if (ticket.hasLeft) this.#settle(ticket, 'withdrawn');
    await this.#slots.acquire(options);
    ticket.hasSlot = true;
    if (ticket.hasLeft) this.#slots.release();
    return { outcome: 'admitted' };
  }

  /** Gives back what an init held, and counts its outcome. Without effect for one that was never admitted. */
  leave(referenceId: string, verdict: GuessVerdict): void {
    const ticket = this.#tickets.get(referenceId);
    if (ticket === undefined) return;
    this.#tickets.delete(referenceId);
    ticket.hasLeft = true;
    if (ticket.hasSlot) this.#slots.release();
    this.#settle(ticket, verdict);
  }

  #settle(ticket: Ticket, verdict: GuessVerdict): void {
    const { attempt } = ticket;
    // A table that the map has outgrown may hold the ticket for long.
    ticket.attempt = undefined;
    attempt?.settle(verdict).catch(this.#onFault);
  }
}
