import type { FullAuthSession } from '../../model/session.js';

/** A client's conversation with the embedding service, from the binding of a session to its end. */
export interface Conversation {
  /** The session that the connection is bound to, without its secret. */
  readonly session: FullAuthSession;
  /** The client's address in canonical form. */
  readonly ipAddress: string;
  /** Aborted when the conversation is over: the connection is closed, or bound to another session. */
  readonly signal: AbortSignal;
  /**
   * Sends a value as a JSON text frame. It can be called at any time while the conversation lasts.
   *
   * @returns whether it was sent: false once the conversation is over
   * @throws TypeError if `value` has no JSON
   */
  send(value: unknown): boolean;
  /**
   * Closes the connection.
   *
   * @param code - 1000, or 3000 to 4999. @defaultValue 1000
   * @param reason - at most 123 bytes
   * @throws RangeError if the code or the reason cannot be sent
   */
  close(code?: number, reason?: string): void;
}

/** What a conversation does on its connection. */
export interface ConversationLine {
  readonly ipAddress: string;
  send(text: string): boolean;
  close(code: number, reason: string): void;
}

/** A conversation, and the way to end it. */
export interface OpenConversation {
  readonly conversation: Conversation;
  end(): void;
}

const LONGEST_REASON = 123;

export function openConversation(session: FullAuthSession, line: ConversationLine): OpenConversation {
  const controller = new AbortController();
  const { signal } = controller;
  const conversation: Conversation = {
    session,
    ipAddress: line.ipAddress,
    signal,
    send: (value) => {
      const text: string | undefined = JSON.stringify(value);
      if (text === undefined) throw new TypeError('conversation.send() takes a value that JSON has.');
      return !signal.aborted && line.send(text);
    },
    close: (code = 1000, reason = '') => {
      if (code !== 1000 && !(Number.isInteger(code) && code >= 3000 && code <= 4999)) {
        throw new RangeError(`conversation.close() takes 1000 or a code from 3000 to 4999, and got ${code}.`);
      }
      if (Buffer.byteLength(reason) > LONGEST_REASON) {
        throw new RangeError(`conversation.close() takes a reason of at most ${LONGEST_REASON} bytes.`);
      }
      if (!signal.aborted) line.close(code, reason);
    },
  };
  return { conversation, end: () => controller.abort() };
}
