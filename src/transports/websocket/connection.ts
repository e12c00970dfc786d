import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { SessionEndCause } from '../../adapters/ports.js';
import { CLOSURES, type Closure } from '../../machines/closures.js';
import type { ConnectionPeer } from '../../machines/connection.js';
import { ReceivedMessage } from '../../machines/received-message.js';
import type { RunningConnection, StartConnection } from '../../machines/run-connection.js';
import { encodeSessionInitResponse } from '../../model/encode-response.js';
import { newId } from '../../model/new-id.js';
import { FullAuthSession } from '../../model/session.js';
import { MalformedSessionInitMessage } from '../../model/session-init-message.js';
import type { SessionInitResponse } from '../../model/session-init-response.js';
import type { SessionOrchestrator } from '../../orchestrator.js';
import { type Conversation, type OpenConversation, openConversation } from './conversation.js';
import type { Tell } from './events.js';
import { answerWithPing } from './frames.js';
import type { Settings } from './options.js';
import type { Outbox, Writer } from './outbox.js';
import { Receipts } from './receipts.js';
import type { SessionHolder, SessionWatch } from './session-watch.js';
import type { Withdrawals } from './withdrawals.js';

/** What all connections of a transport share. */
export interface Surroundings {
  readonly startConnection: StartConnection;
  readonly orchestrator: SessionOrchestrator;
  readonly settings: Settings;
  readonly watch: SessionWatch;
  readonly withdrawals: Withdrawals;
  readonly outbox: Outbox;
  readonly tell: Tell;
}

/** A WebSocket that was accepted, with the socket beneath it and the client's address. */
export interface AcceptedSocket {
  readonly webSocket: WebSocket;
  readonly socket: Duplex;
  readonly ipAddress: string;
}

/** What `ws` reports of a client that breaks the protocol, and the close code that it has sent for it. */
const PROTOCOL_CLOSURES: Readonly<Record<string, Closure>> = {
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: { code: 1009, reason: '' },
  WS_ERR_INVALID_UTF8: { code: 1007, reason: '' },
  WS_ERR_TOO_MANY_BUFFERED_PARTS: { code: 1008, reason: '' },
};
const PROTOCOL_ERROR: Closure = { code: 1002, reason: '' };
/** The close code that stands for none: the connection was lost. */
const ABNORMAL = 1006;

/** What the machine of a connection decides, done on a WebSocket. */
export class WebSocketConnection implements ConnectionPeer, SessionHolder, Writer {
  readonly #id = newId();
  readonly #around: Surroundings;
  readonly #accepted: AcceptedSocket;
  readonly #machine: RunningConnection;
  /** Ends what is being answered when the client has gone, or the connection is closed. */
  readonly #controller = new AbortController();
  /** The latest answer: it may outlive the connection by a moment. */
  #answered = Promise.resolve();
  readonly #receipts = new Receipts();
  /** The answer that is still to be written, and the mark of its session. */
  #unwritten: { readonly answer: string; readonly mark: string } | undefined;
  #hasFailed = false;
  /** Whether the machine waits for a pong. */
  #isPinged = false;
  #latestPing: Buffer | undefined;
  #session: FullAuthSession | undefined;
  #conversation: OpenConversation | undefined;

  /** @param onClosed - called once, when the socket is closed */
  constructor(accepted: AcceptedSocket, around: Surroundings, onClosed: () => void) {
    this.#accepted = accepted;
    this.#around = around;
    const about = { connectionId: this.#id, ipAddress: accepted.ipAddress };
    around.tell({ type: 'connection.opened', ...about });
    const { clock, limits, onMessage } = around.settings;
    this.#machine = around.startConnection(
      { peer: this, limits, hasOwnMessages: onMessage !== undefined, monotonic: clock.monotonic },
      (cause) => {
        around.tell({ type: 'fault.reported', source: 'connection', cause });
        this.terminate();
      },
    );
    this.#listen(accepted.webSocket, (closure) => {
      this.#leave();
      around.withdrawals.waitFor(this.#answered);
      this.#machine.send({ type: 'socket.closed', closure });
      around.tell({ type: 'connection.closed', ...about, ...(this.#machine.closure() ?? closure) });
      onClosed();
    });
  }

  /** Lets it finish what has come, and close. */
  drain(): void {
    this.#machine.send({ type: 'server.draining' });
  }

  /** Closes it for a shut-down, whatever is under way. */
  shutDown(): void {
    this.#machine.send({ type: 'connection.close', closure: CLOSURES.draining });
  }

  sessionEnded(sessionId: number, cause: SessionEndCause): void {
    this.#machine.send({ type: 'session.ended', sessionId, cause });
  }

  answer(received: ReceivedMessage): void {
    this.#takeTurn(() => {
      this.#answered = this.#answer(received);
    });
  }

  handle(received: ReceivedMessage): void {
    this.#takeTurn(() => this.#handle(received));
  }

  /**
   * Begins with a message when all has been read that came in this turn of the event loop. So nobody who sends many holds up
   * the others, and under load each init costs two thirds: reading between them would throw their code out of the caches.
   */
  #takeTurn(begin: () => void): void {
    setImmediate(() => {
      if (!this.#controller.signal.aborted) begin();
    });
  }

  #finish(isMalformed: boolean, session?: FullAuthSession): void {
    this.#machine.send({ type: 'message.finished', isMalformed, session });
  }

  async #answer(received: ReceivedMessage): Promise<void> {
    const { orchestrator, tell } = this.#around;
    const { ipAddress } = this.#accepted;
    const message = received.toInit();
    const isMalformed = message instanceof MalformedSessionInitMessage;
    if (isMalformed) {
      tell({ type: 'message.rejected', connectionId: this.#id, ipAddress, problem: message.problem });
    }
    try {
      const response = await orchestrator.init(message, { ipAddress, signal: this.#controller.signal });
      this.#finish(isMalformed, this.#deliver(response));
    } catch (cause) {
      this.#fail('orchestrator.init', cause);
    }
  }

  async #handle(received: ReceivedMessage): Promise<void> {
    const session = this.#session;
    const { onMessage } = this.#around.settings;
    if (session === undefined || onMessage === undefined) return;
    const conversation = this.#converse(session);
    try {
      if (!(await this.#around.watch.touch(session.session_id))) return;
    } catch (cause) {
      // Nobody can say whether the session is still alive, so its client is not let in (ASVS 16.5.3).
      this.#around.tell({ type: 'fault.reported', source: 'sessionManager.refresh', cause });
      this.#sendError('session_manager_fail', 'The session could not be checked, so the message was not handled.');
      this.#finish(false);
      return;
    }
    if (conversation.signal.aborted) return;
    try {
      await onMessage(received.toOwn(), conversation);
    } catch (cause) {
      const { ipAddress } = this.#accepted;
      const referenceId = newId();
      const about = { connectionId: this.#id, ipAddress, sessionId: session.session_id, referenceId };
      this.#around.tell({ type: 'handler.failed', ...about, cause });
      this.#sendError('handler_failed', 'The service failed to handle the message.', referenceId);
    }
    this.#finish(false);
  }

  tellSessionEnd(sessionId: number, cause: SessionEndCause): void {
    this.#send(JSON.stringify({ event: 'session_ended', session_id: sessionId, cause }));
  }

  ping(): void {
    this.#isPinged = true;
    this.#accepted.webSocket.ping();
  }

  setReading(isReading: boolean): void {
    const { webSocket } = this.#accepted;
    if (isReading !== webSocket.isPaused) return;
    if (isReading) webSocket.resume();
    else webSocket.pause();
  }

  close({ code, reason }: Closure): void {
    this.#leave();
    this.writeOut();
    // The client's side of the closing handshake has to be read.
    this.setReading(true);
    this.#accepted.webSocket.close(code, reason);
  }

  /** The latest ping of those in a turn is enough to be answered (RFC 6455, section 5.5.3). */
  #pong(): void {
    const data = this.#latestPing;
    this.#latestPing = undefined;
    this.#accepted.webSocket.pong(data);
  }

  terminate(): void {
    this.#accepted.webSocket.terminate();
  }

  #listen(webSocket: WebSocket, onClosed: (closure: Closure) => void): void {
    webSocket.on('message', (data) => {
      // What comes after the closing handshake has begun is not worth a look.
      if (webSocket.readyState !== webSocket.OPEN) return;
      this.#machine.send({ type: 'message.received', message: new ReceivedMessage(data as Buffer) });
    });
    webSocket.on('pong', (data) => {
      this.#receipts.confirm(data.toString());
      if (!this.#isPinged) return;
      this.#isPinged = false;
      this.#machine.send({ type: 'pong.received' });
    });
    webSocket.on('ping', (data) => {
      if (this.#latestPing === undefined) setImmediate(() => this.#pong());
      this.#latestPing = data;
    });
    webSocket.on('error', (error: Error & { code?: string }) => {
      this.#hasFailed = true;
      const closure = PROTOCOL_CLOSURES[error.code ?? ''] ?? PROTOCOL_ERROR;
      this.#machine.send({ type: 'connection.close', closure });
    });
    webSocket.on('close', (code, reason) => {
      // A client that closes by the book has read what it wanted, even if it has not come to answer the ping.
      if (code === ABNORMAL || this.#hasFailed) {
        for (const session of this.#receipts.withdrawAll()) this.#around.withdrawals.withdraw(session);
      }
      onClosed({ code, reason: reason.toString() });
    });
  }

  /**
   * Sends an answer. A session whose answer cannot be sent is taken back; any other is what it is bound to from now on.
   * That a write succeeded says only that the platform took it, so a ping goes behind it: its pong says that it came.
   */
  #deliver(response: SessionInitResponse): FullAuthSession | undefined {
    const session = response.data instanceof FullAuthSession ? response.data : undefined;
    if (session === undefined) {
      this.#send(this.#encode(response));
      return undefined;
    }
    let wasSent = false;
    try {
      wasSent = this.#sendSession(this.#encode(response), session);
    } finally {
      if (!wasSent) this.#around.withdrawals.withdraw(session);
    }
    return wasSent ? this.#bind(session) : undefined;
  }

  #encode(response: SessionInitResponse): string {
    return encodeSessionInitResponse(response, { profile: this.#around.settings.profile });
  }

  #sendSession(answer: string, session: FullAuthSession): boolean {
    if (this.#toSend() === undefined) return false;
    this.#unwritten = { answer, mark: this.#receipts.expect(session) };
    this.#around.outbox.add(this);
    return true;
  }

  writeOut(): void {
    if (this.#unwritten === undefined) return;
    const { answer, mark } = this.#unwritten;
    this.#unwritten = undefined;
    const { webSocket, socket } = this.#accepted;
    if (webSocket.readyState !== webSocket.OPEN) {
      this.#takeBack(mark);
      return;
    }
    // What `ws` sends goes out at once, since nothing is compressed, so this cannot come into the middle of it.
    socket.write(answerWithPing(answer, mark), (error) => {
      // The platform calls a write a success though its socket was destroyed under it.
      if (error || socket.destroyed) this.#takeBack(mark);
    });
    this.#closeIfStalled();
  }

  /** What is sent by it comes after all that was sent before. @returns undefined if it is too late to send anything */
  #toSend(): WebSocket | undefined {
    this.writeOut();
    const { webSocket } = this.#accepted;
    return webSocket.readyState === webSocket.OPEN ? webSocket : undefined;
  }

  #takeBack(mark: string): void {
    const session = this.#receipts.withdraw(mark);
    if (session !== undefined) this.#around.withdrawals.withdraw(session);
  }

  #bind(established: FullAuthSession): FullAuthSession {
    const { session_id, created, last_accessed, ip_address, user } = established;
    const session = new FullAuthSession({ session_id, created, last_accessed, ip_address, user });
    this.#unbind();
    this.#session = session;
    this.#around.watch.bind(this, established);
    const { ipAddress } = this.#accepted;
    this.#around.tell({ type: 'connection.bound', connectionId: this.#id, ipAddress, sessionId: session_id, user });
    return session;
  }

  /** The conversation of the session that it is bound to. Most connections never have one, so it is made when needed. */
  #converse(session: FullAuthSession): Conversation {
    this.#conversation ??= openConversation(session, {
      ipAddress: this.#accepted.ipAddress,
      send: (text) => this.#send(text),
      close: (code, reason) => this.#machine.send({ type: 'connection.close', closure: { code, reason } }),
    });
    return this.#conversation.conversation;
  }

  #unbind(): void {
    if (this.#session !== undefined) this.#around.watch.release(this, this.#session.session_id);
    this.#session = undefined;
    this.#conversation?.end();
    this.#conversation = undefined;
  }

  #leave(): void {
    this.#unbind();
    this.#controller.abort();
  }

  /** @returns false if it is too late to send anything */
  #send(text: string): boolean {
    const webSocket = this.#toSend();
    if (webSocket === undefined) return false;
    webSocket.send(text, () => {});
    this.#closeIfStalled();
    return true;
  }

  #closeIfStalled(): void {
    if (this.#accepted.webSocket.bufferedAmount <= this.#around.settings.maxBufferedBytes) return;
    this.#machine.send({ type: 'connection.close', closure: CLOSURES.stalled });
  }

  #sendError(code: string, details: string, referenceId?: string): void {
    this.#send(JSON.stringify({ event: 'error', code, details, reference_id: referenceId }));
  }

  #fail(source: string, cause: unknown): void {
    this.#around.tell({ type: 'fault.reported', source, cause });
    this.#machine.send({ type: 'connection.close', closure: CLOSURES.failed });
  }
}
