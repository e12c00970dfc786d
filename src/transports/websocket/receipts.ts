import type { FullAuthSession } from '../../model/session.js';

/** So many answers can be unconfirmed; of those before them, it is enough that they were written. */
const MAX_UNCONFIRMED = 1_000;

/** An answer that went out, and is not known to have come. */
interface Unconfirmed {
  readonly mark: string;
  readonly session: FullAuthSession;
}

/**
 * Which sessions of a connection are known to have come to its client: each answer has a mark, which the client sends back
 * when it has read that far.
 */
export class Receipts {
  readonly #unconfirmed: Unconfirmed[] = [];
  #answers = 0;

  /** @returns the mark of the answer with this session: the payload of the ping behind it */
  expect(session: FullAuthSession): string {
    this.#answers++;
    const mark = String(this.#answers);
    this.#unconfirmed.push({ mark, session });
    if (this.#unconfirmed.length > MAX_UNCONFIRMED) this.#unconfirmed.shift();
    return mark;
  }

  /** A client answers pings in their order, and may leave out all but the last. */
  confirm(mark: string): void {
    this.#unconfirmed.splice(0, this.#indexOf(mark) + 1);
  }

  /** @returns the session, unless its answer is known to have come, or it was withdrawn before */
  withdraw(mark: string): FullAuthSession | undefined {
    const index = this.#indexOf(mark);
    return index === -1 ? undefined : this.#unconfirmed.splice(index, 1)[0]?.session;
  }

  withdrawAll(): FullAuthSession[] {
    return this.#unconfirmed.splice(0).map(({ session }) => session);
  }

  #indexOf(mark: string): number {
    return this.#unconfirmed.findIndex((it) => it.mark === mark);
  }
}
