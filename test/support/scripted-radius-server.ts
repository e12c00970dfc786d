import { createHash, createHmac } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** A request as it came. */
export interface ReceivedRequest {
  readonly bytes: Buffer;
  readonly from: RemoteInfo;
}

/** What {@link answerTo} makes an answer of. */
export interface AnswerOptions {
  /** 2: accept, 3: reject, 11: challenge. */
  code: number;
  secret: string;
  /** Type and value of each. */
  attributes?: readonly (readonly [number, Uint8Array])[];
  /** How often it has a Message-Authenticator. @defaultValue 1 */
  messageAuthenticators?: number;
  /** With what the Message-Authenticator is made. @defaultValue `secret` */
  messageAuthenticatorSecret?: string;
  /** @defaultValue that of the request */
  identifier?: number;
  /** Changes it before it is signed. */
  distort?: (answer: Buffer) => void;
}

/** A peer on 127.0.0.1 that says what it is told to: what an attacker or a broken server would. */
export class ScriptedRadiusServer {
  readonly requests: ReceivedRequest[] = [];
  readonly #socket: Socket = createSocket('udp4');
  readonly #waiting: { count: number; resolve: () => void }[] = [];
  /** What is sent back, at once and in this order. */
  script: (request: Buffer, index: number) => readonly Uint8Array[] = () => [];

  static async start(): Promise<ScriptedRadiusServer> {
    const server = new ScriptedRadiusServer();
    server.#socket.on('message', (bytes, from) => server.#received(bytes, from));
    server.#socket.bind(0, '127.0.0.1');
    await once(server.#socket, 'listening');
    return server;
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** When so many requests have come, in all. */
  received(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ count, resolve });
      this.#tell();
    });
  }

  /** Sends to whom a request came from. */
  async send(bytes: Uint8Array, { from }: ReceivedRequest): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.send(bytes, from.port, from.address, () => resolve()));
  }

  async close(): Promise<void> {
    this.#socket.close();
    await once(this.#socket, 'close');
  }

  #received(bytes: Buffer, from: RemoteInfo): void {
    const request = { bytes, from };
    this.requests.push(request);
    for (const answer of this.script(bytes, this.requests.length - 1)) void this.send(answer, request);
    this.#tell();
  }

  #tell(): void {
    for (const waiting of [...this.#waiting]) {
      if (this.requests.length < waiting.count) continue;
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      waiting.resolve();
    }
  }
}

/** An answer to a request, signed as a server signs it (RFC 2865 §3, RFC 3579 §3.2). */
export function answerTo(request: Buffer, options: AnswerOptions): Buffer {
  const { code, secret, attributes = [], messageAuthenticators = 1, identifier = request[1] as number } = options;
  const signatures = Array.from({ length: messageAuthenticators }, () => [80, Buffer.alloc(16)] as const);
  const body = Buffer.concat(
    [...signatures, ...attributes].map(([type, value]) => Buffer.from([type, value.length + 2, ...value])),
  );
  const answer = Buffer.concat([Buffer.alloc(4), request.subarray(4, 20), body]);
  answer.writeUInt8(code, 0);
  answer.writeUInt8(identifier, 1);
  answer.writeUInt16BE(answer.length, 2);
  options.distort?.(answer);
  const key = options.messageAuthenticatorSecret ?? secret;
  const signature = createHmac('md5', key).update(answer).digest();
  for (let index = 0; index < messageAuthenticators; index++) signature.copy(answer, 22 + 18 * index);
  createHash('md5').update(answer).update(secret).digest().copy(answer, 4);
  return answer;
}

/** The attributes of a request, by type. */
export function attributesOf(request: Buffer): Map<number, Buffer> {
  const attributes = new Map<number, Buffer>();
  for (let at = 20; at < request.length; at += request[at + 1] as number) {
    attributes.set(request[at] as number, request.subarray(at + 2, at + (request[at + 1] as number)));
  }
  return attributes;
}
