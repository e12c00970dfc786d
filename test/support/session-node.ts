import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { SharedSessions } from './shared-stores.js';

const PROGRAM = fileURLToPath(new URL('../fixtures/session-node.mjs', import.meta.url));

/** Who asks for a session, and from where. */
export interface NodeRequest {
  user: string;
  ipAddress: string;
}

/** A session as it comes from another process. */
export interface NodeSession extends NodeRequest {
  id: number;
  created: number;
  /** Of one that was just created. */
  secret: string;
}

/** What came of an init: a session, or the reason why there is none. */
export interface NodeAnswer extends NodeRequest {
  session?: NodeSession;
  reason?: string;
  code?: string;
}

/** What nodes can be told to do, with what they are given and what they answer. */
interface Commands {
  serve: [SharedSessions, undefined];
  init: [readonly NodeRequest[], NodeAnswer[]];
  load: [{ requests: readonly NodeRequest[]; parallel: number }, undefined];
  find: [readonly string[], (NodeSession | undefined)[]];
  list: [string | undefined, NodeSession[]];
  refresh: [readonly number[], (NodeSession | undefined)[]];
  removeExpired: [number, NodeSession[]];
  evicted: [undefined, number[]];
  shiftClock: [number, undefined];
  close: [undefined, undefined];
}

type Reply = { call: number; result?: unknown; error?: string } | { answer: NodeAnswer } | { ready: true };

/** A node of a service: a process of its own, from what is built. */
export class SessionNode {
  /** What came of the inits of `load` so far. */
  readonly answers: NodeAnswer[] = [];
  readonly #process: ChildProcess;
  readonly #calls = new Map<number, (reply: { result?: unknown; error?: string }) => void>();
  #count = 0;
  #onAnswer = () => {};

  private constructor() {
    this.#process = fork(PROGRAM, { execArgv: [], serialization: 'advanced' });
    this.#process.on('message', (reply: Reply) => {
      if ('answer' in reply) {
        this.answers.push(reply.answer);
        this.#onAnswer();
      } else if ('call' in reply) {
        this.#calls.get(reply.call)?.(reply);
        this.#calls.delete(reply.call);
      }
    });
    this.#process.once('exit', (code, signal) => {
      for (const settle of this.#calls.values()) settle({ error: `The node has ended: ${code ?? signal}.` });
    });
  }

  static async start(): Promise<SessionNode> {
    const node = new SessionNode();
    await once(node.#process, 'message');
    return node;
  }

  /** Has the node do something. @throws if that fails, or the node ends meanwhile */
  async tell<Name extends keyof Commands>(
    command: Name,
    ...[argument]: Commands[Name][0] extends undefined ? [] : [Commands[Name][0]]
  ): Promise<Commands[Name][1]> {
    const call = this.#count++;
    this.#process.send({ call, command, argument });
    const { result, error } = await new Promise<{ result?: unknown; error?: string }>((resolve) => {
      this.#calls.set(call, resolve);
    });
    if (error !== undefined) throw new Error(error);
    return result as Commands[Name][1];
  }

  /** When so many more inits of `load` are answered. */
  async answered(more: number): Promise<void> {
    const wanted = this.answers.length + more;
    await new Promise<void>((resolve) => {
      this.#onAnswer = () => {
        if (this.answers.length >= wanted) resolve();
      };
    });
  }

  /** Ends it at once, in the middle of whatever it does. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exited;
  }
}
