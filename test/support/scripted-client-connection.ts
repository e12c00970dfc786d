import type { ClientConnection } from '../../src/machines/client.js';
import type { Answer } from '../../src/machines/client-answer.js';

/** A connection whose every step is taken by the test. */
export class ScriptedConnection implements ClientConnection {
  readonly sent: string[] = [];
  readonly disowned: Answer[] = [];
  open: () => void = () => {};
  refuse: (cause: unknown) => void = () => {};
  answer: (answer: unknown) => void = () => {};
  lose: (cause: unknown) => void = () => {};

  whenOpen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.open = resolve;
      this.refuse = reject;
    });
  }

  exchange(request: string): Promise<Answer> {
    this.sent.push(request);
    return new Promise((resolve, reject) => {
      this.answer = (answer) => resolve(answer as Answer);
      this.lose = reject;
    });
  }

  disown(answer: Answer): void {
    this.disowned.push(answer);
  }
}
