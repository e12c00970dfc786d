import { type Answer, readAnswer } from '../machines/client-answer.js';
import { BackendFaultError, type SessionInitError } from '../model/errors.js';
import { type Frame, hasShapeOfAnswer, readSessionEnded, type SessionEnded } from './frames.js';

/** Who is told of what comes unasked. None of them throws. */
export interface ConversationListeners {
  /** Gets what is neither an answer nor the end of a session. */
  onMessage: (value: unknown) => void;
  onSessionEnded: (event: SessionEnded) => void;
  /** Gets what no init that is under way will report. */
  onError: (error: SessionInitError) => void;
}

/** What waits for an answer. */
interface Due {
  resolve(answer: Answer): void;
  reject(error: SessionInitError): void;
}

/**
 * What is said on one connection. Answers come in the order of the requests, and nothing else tells them apart: each
 * request that was sent takes one, whether its init still waits or not, so that a late answer is never another init's.
 */
export class Conversation {
  readonly #peer: string;
  readonly #listeners: ConversationListeners;
  readonly #due: Due[] = [];
  /** The answer whose session the server has bound the connection to. Held: the caller has that session. */
  #bound: { readonly answer: Answer; isHeld: boolean } | undefined;
  #isEnding = false;
  #inits = 0;

  constructor(peer: string, listeners: ConversationListeners) {
    this.#peer = peer;
    this.#listeners = listeners;
  }

  /** An init begins. */
  join(): void {
    this.#inits += 1;
  }

  /** An init has ended. */
  leave(): void {
    this.#inits -= 1;
  }

  /** Whether an init is under way. */
  get isAwaited(): boolean {
    return this.#inits > 0;
  }

  /** Whether the caller holds the session that the server has bound the connection to. */
  get hasSession(): boolean {
    return this.#bound?.isHeld === true;
  }

  /** The server has ended the session, and is about to close. */
  get isEnding(): boolean {
    return this.#isEnding;
  }

  /**
   * Nobody is on this side any more, and the server does not know: an answer is due that nobody waits for, or has come
   * with a session that nobody holds.
   */
  get isForsaken(): boolean {
    return !this.isAwaited && !this.hasSession && (this.#due.length > 0 || this.#bound !== undefined);
  }

  /** A request was sent. @returns the answer that is its by order; rejects if none can come any more */
  expectAnswer(): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#due.push({ resolve, reject });
    });
  }

  /** Nobody holds the session of this answer. */
  disown(answer: Answer): void {
    if (this.#bound?.answer === answer) this.#bound.isHeld = false;
  }

  /** No more will come. */
  end(error: SessionInitError): void {
    for (const { reject } of this.#due.splice(0)) reject(error);
  }

  receive(frame: Frame): void {
    const ended = frame.isJson ? readSessionEnded(frame.value) : undefined;
    if (ended !== undefined) this.#endSession(ended);
    else if (this.#due.length > 0 && this.#isAnswer(frame)) this.#settle(frame);
    else this.#pass(frame);
  }

  /** Without a session a server has nothing to say but answers; with one, its service's own messages come between. */
  #isAnswer(frame: Frame): boolean {
    return this.#bound === undefined || (frame.isJson && hasShapeOfAnswer(frame.value));
  }

  #settle(frame: Frame): void {
    const answer: Answer = frame.isJson
      ? readAnswer(frame.value)
      : { outcome: 'malformed', details: 'What came is not JSON.' };
    if (answer.outcome === 'established' || answer.outcome === 'unusable') this.#bound = { answer, isHeld: true };
    this.#due.shift()?.resolve(answer);
  }

  #pass(frame: Frame): void {
    if (!frame.isJson) this.#complain('a frame that is not JSON');
    // A session's secret must not go to whoever listens for messages.
    else if (readAnswer(frame.value).outcome === 'established') this.#complain('a session for which nobody asked');
    else this.#listeners.onMessage(frame.value);
  }

  #complain(what: string): void {
    this.#listeners.onError(new BackendFaultError(`${this.#peer} sent ${what}. It was dropped.`));
  }

  #endSession(ended: SessionEnded): void {
    const answer = this.#bound?.answer;
    if (answer?.outcome === 'established' && answer.sessionId === ended.sessionId) {
      this.#bound = undefined;
      this.#isEnding = true;
    }
    this.#listeners.onSessionEnded(ended);
  }
}
