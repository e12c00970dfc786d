const REDACTED = '[redacted: only encodeSessionInitResponse() and encodeSessionInitMessage() write it out]';

/**
 * A user's or a session's secret in memory. Whatever prints, serialises, spreads or inspects it shows a placeholder;
 * {@link Secret.reveal} is the one way to the value, and only the encoders and the adapters that must call it do. To
 * an assertion library any two secrets are therefore equal: compare what they reveal.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The secret itself. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  get [Symbol.toStringTag](): string {
    return 'Secret';
  }

  /** What Node's console, `util.inspect` and assertion messages show. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return REDACTED;
  }
}
