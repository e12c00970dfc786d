import type { ReceivedMessage } from './received-message.js';

/** The first so many that are done with are dropped together, once they are more than those that wait. */
const SMALLEST_CUT = 16;

/**
 * Messages in the order of their coming. Like everything in a machine's context it never changes: what it becomes is
 * another queue. All of them look at parts of one list, so that each operation costs the same however many wait.
 */
export class MessageQueue {
  static readonly EMPTY = new MessageQueue([], 0, 0, 0);

  readonly length: number;
  /** Of all of them together. */
  readonly bytes: number;
  /** It only ever grows at its end; this queue is the part from `#start`, `length` long. */
  readonly #list: ReceivedMessage[];
  readonly #start: number;

  private constructor(list: ReceivedMessage[], start: number, length: number, bytes: number) {
    this.#list = list;
    this.#start = start;
    this.length = length;
    this.bytes = bytes;
  }

  get first(): ReceivedMessage | undefined {
    return this.length === 0 ? undefined : this.#list[this.#start];
  }

  /** The queue with `message` behind the others. */
  with(message: ReceivedMessage): MessageQueue {
    const end = this.#start + this.length;
    const isFresh = this.length === 0;
    // Whoever was first to go on from this queue has the end of the list; any other needs a list of its own.
    const mine = !isFresh && end === this.#list.length ? this.#list : this.#list.slice(this.#start, end);
    mine.push(message);
    const start = mine === this.#list ? this.#start : 0;
    return new MessageQueue(mine, start, this.length + 1, this.bytes + message.bytes);
  }

  /** The queue without its first message. */
  withoutFirst(): MessageQueue {
    const { first } = this;
    if (first === undefined || this.length === 1) return MessageQueue.EMPTY;
    const start = this.#start + 1;
    const length = this.length - 1;
    const bytes = this.bytes - first.bytes;
    // What is done with must not be kept for long: it holds secrets.
    if (start >= SMALLEST_CUT && start > length) {
      return new MessageQueue(this.#list.slice(start, start + length), 0, length, bytes);
    }
    return new MessageQueue(this.#list, start, length, bytes);
  }
}
