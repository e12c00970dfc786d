import assert from 'node:assert/strict';
import {
  decodeSessionInitResponse,
  encodeSessionInitResponse,
  type SessionInitResponse,
  type SessionOrchestrator,
} from '../../index.js';
import type { CasesOn } from '../contract-case.js';
import type { SimulatedClock } from '../simulated-clock.js';
import {
  type BackendScripts,
  createTestOrchestrator,
  letTimePass,
  type TestOrchestrator,
} from '../test-orchestrator.js';

/** One client of a transport. */
export interface TransportClient {
  /**
   * Sends a request as it is, text or bytes, and waits for the answer to it. Rejects if none can come any more: the
   * connection was refused, or closed.
   *
   * @returns the text of the answer
   */
  ask(request: string | Uint8Array): Promise<string>;
  /** Goes at once, without waiting for an answer: the connection is cut. */
  leave(): void;
}

/** A transport that serves an orchestrator, as the suite uses it. */
export interface TransportUnderTest {
  /** A new client. It may reject while the transport takes no new ones. */
  connect(): Promise<TransportClient>;
  /** Lets what is under way finish, and takes nothing new. Calling it again must be allowed. */
  drain(): Promise<void>;
  /** Gives up what is under way. Calling it again, and after `drain`, must be allowed. */
  close(): Promise<void>;
  /** What it has told its log and its listeners: searched for secrets. */
  told?(): unknown;
}

/** Serves an orchestrator on a transport, which takes its time from `clock`. */
export type MakeTransport = (
  orchestrator: SessionOrchestrator,
  options: { clock: SimulatedClock },
) => TransportUnderTest | Promise<TransportUnderTest>;

/** A user secret that must not show. */
export const USER_SECRET = 'marked-user-secret-of-the-transport-contract';

/** A request as a client sends it. */
export const requestOf = (username = 'alice') => JSON.stringify({ username, user_secret: USER_SECRET });

/** What a case runs on: an orchestrator over scripted backends, and a transport that serves it. */
export class Stage {
  readonly parallel: number;
  readonly #make: MakeTransport;
  readonly #patience: number;
  readonly #cleanUp: (() => void | Promise<void>) | undefined;
  #world: TestOrchestrator | undefined;
  #transport: TransportUnderTest | undefined;

  constructor(options: {
    create: MakeTransport;
    parallelClients: number;
    patience: number;
    cleanUp: (() => void | Promise<void>) | undefined;
  }) {
    this.#make = options.create;
    this.#patience = options.patience;
    this.#cleanUp = options.cleanUp;
    this.parallel = options.parallelClients;
  }

  async open(script: BackendScripts = {}): Promise<{ world: TestOrchestrator; transport: TransportUnderTest }> {
    const world = createTestOrchestrator({ script });
    this.#world = world;
    const transport = await this.#make(world.orchestrator, { clock: world.clock });
    this.#transport = transport;
    return { world, transport };
  }

  /** A client asks, and gets an answer that is a response. */
  async ask(client: TransportClient, request: string | Uint8Array = requestOf()): Promise<SessionInitResponse> {
    return responseIn(await this.inTime(client.ask(request), 'an answer'));
  }

  /** Waits for something that comes over a real connection: for real, but not for ever. */
  async inTime<Value>(promise: Promise<Value>, what: string): Promise<Value> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<never>((_, reject) => {
      const late = () => reject(new assert.AssertionError({ message: `${what} did not come in ${this.#patience} ms` }));
      timer = setTimeout(late, this.#patience);
    });
    return Promise.race([promise, patience]).finally(() => clearTimeout(timer));
  }

  /** Waits until something holds that comes of what happens on a real connection. */
  async until(holds: () => boolean, what: string): Promise<void> {
    let isOver = false;
    const watch = async () => {
      while (!holds() && !isOver) await new Promise((resolve) => setTimeout(resolve, 1));
    };
    await this.inTime(watch(), what).finally(() => {
      isOver = true;
    });
  }

  async close(): Promise<void> {
    try {
      if (this.#transport) await this.inTime(this.#transport.close(), 'the end of the transport');
      if (this.#world) await letTimePass(this.#world.clock, this.#world.orchestrator.close());
    } finally {
      await this.#cleanUp?.();
    }
  }
}

/** Reads an answer, which must be a response to the letter. */
export function responseIn(answer: string): SessionInitResponse {
  const json = parsed(answer);
  const response = decodeSessionInitResponse(json);
  const isRight = typeof json === 'object' && json !== null && 'success' in json && json.success === response.success;
  assert.ok(isRight, 'the answer is a SessionInitResponse');
  return response;
}

/** An answer must say what the orchestrator said, to the last property. */
export function assertSame(answer: string, response: SessionInitResponse | undefined): void {
  assert.ok(response, 'the orchestrator has answered');
  assert.deepEqual(
    parsed(answer),
    JSON.parse(encodeSessionInitResponse(response)),
    'the client got the whole response',
  );
}

function parsed(answer: string): unknown {
  try {
    return JSON.parse(answer);
  } catch {
    assert.fail('the answer is JSON');
  }
}

/** A part of the suite. */
export type Cases = CasesOn<Stage>;
