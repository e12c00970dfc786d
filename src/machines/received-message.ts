import { describeType, isJsonObject, type JsonObject } from '../model/json.js';
import {
  decodeSessionInitMessage,
  MalformedSessionInitMessage,
  type SessionInitMessage,
} from '../model/session-init-message.js';

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/**
 * A message as it came from a client, read when its turn has come. It may hold a user's secret, so nothing that prints,
 * serialises or inspects it shows more than its size.
 */
export class ReceivedMessage {
  /** How long it is, in bytes. */
  readonly bytes: number;
  /** Undefined if it is not UTF-8. */
  readonly #text: string | undefined;
  #value: { readonly json: unknown } | { readonly problem: string } | undefined;

  /** The text is taken out at once: what came may be a piece of a much larger buffer, which it would keep alive. */
  constructor(data: Uint8Array) {
    this.bytes = data.byteLength;
    this.#text = decodeText(data);
  }

  /** Whether it is a JSON object without a `user_secret`: one of the embedding service's own messages, if it has any. */
  get isOwn(): boolean {
    const { value } = this;
    return isJsonObject(value) && !Object.hasOwn(value, 'user_secret');
  }

  /** What it says, or undefined if it is not JSON. */
  get value(): unknown {
    const value = this.#read();
    return 'json' in value ? value.json : undefined;
  }

  /** It as a request for a session. */
  toInit(): SessionInitMessage | MalformedSessionInitMessage {
    const value = this.#read();
    return 'json' in value ? decodeSessionInitMessage(value.json) : new MalformedSessionInitMessage('', value.problem);
  }

  /** It as one of the service's own messages: see {@link ReceivedMessage.isOwn}. */
  toOwn(): JsonObject {
    const { value } = this;
    if (isJsonObject(value)) return value;
    throw new TypeError(`A service's own message is an object, and not ${describeType(value)}.`);
  }

  #read(): { readonly json: unknown } | { readonly problem: string } {
    this.#value ??= parse(this.#text);
    return this.#value;
  }
}

function decodeText(data: Uint8Array): string | undefined {
  try {
    return UTF8.decode(data);
  } catch {
    return undefined;
  }
}

/** What `JSON.parse` throws quotes the text, so none of it goes on. */
function parse(text: string | undefined): { readonly json: unknown } | { readonly problem: string } {
  if (text === undefined) return { problem: 'The message is not UTF-8.' };
  try {
    return { json: JSON.parse(text) };
  } catch {
    return { problem: 'The message is not JSON.' };
  }
}
