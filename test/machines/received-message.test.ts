import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { ReceivedMessage } from '../../src/machines/received-message.js';
import { MalformedSessionInitMessage, SessionInitMessage } from '../../src/model/session-init-message.js';

const received = (data: string | Uint8Array) => new ReceivedMessage(Buffer.from(data as string));
const request = JSON.stringify({ username: 'ada', user_secret: 'marked-user-secret-1' });

describe('a message as it came', () => {
  test('is a request, if it has what a request has', () => {
    const message = received(request).toInit();
    expect(message).toBeInstanceOf(SessionInitMessage);
    expect(message.username).toBe('ada');
    expect((message as SessionInitMessage).user_secret.reveal()).toBe('marked-user-secret-1');
  });

  test.each([
    ['', 'The message is not JSON.'],
    ['{"username":', 'The message is not JSON.'],
    ['{"username":"marked-user-secret-1" nonsense', 'The message is not JSON.'],
    [new Uint8Array([0x22, 0xff, 0x22]), 'The message is not UTF-8.'],
    [new Uint8Array([0xed, 0xa0, 0x80]), 'The message is not UTF-8.'],
    ['null', 'The request must be an object, and is null.'],
    ['[{"username":"a","user_secret":"b"}]', 'The request must be an object, and is an array.'],
    ['{}', 'username must be a string, and is nothing.'],
    ['{"username":"ada"}', 'user_secret must be a string, and is nothing.'],
    ['{"username":"ada","user_secret":7}', 'user_secret must be a string, and is an integer.'],
    ['{"username":"","user_secret":"s"}', 'username is empty.'],
    ['{"username":"\\ud800","user_secret":"s"}', 'username is not well-formed Unicode.'],
    ['{"username":"ada","user_secret":"\\udc00"}', 'user_secret is not well-formed Unicode.'],
    ['{"__proto__":{"username":"ada","user_secret":"s"}}', 'username must be a string, and is nothing.'],
  ])('which is no request says why: %p', (data, problem) => {
    const message = received(data).toInit();
    expect(message).toBeInstanceOf(MalformedSessionInitMessage);
    expect((message as MalformedSessionInitMessage).problem).toBe(problem);
  });

  test.each([
    ['never closed', '['.repeat(65_536), 'The message is not JSON.'],
    ['closed', '['.repeat(32_768) + ']'.repeat(32_768), 'The request must be an object, and is an array.'],
    [
      'inside',
      `{"username":${'['.repeat(30_000)}${']'.repeat(30_000)}}`,
      'username must be a string, and is an array.',
    ],
  ])('slow and large clients: deep JSON is no harm: %s', (_, data, problem) => {
    expect(received(data).toInit()).toEqual(new MalformedSessionInitMessage('', problem));
  });

  test.each([
    ['{"hello":1}', true],
    ['{}', true],
    [request, false],
    ['{"user_secret":null}', false],
    ['{"__proto__":{"user_secret":"s"}}', true],
    ['[]', false],
    ['null', false],
    ['"text"', false],
    ['nonsense', false],
  ])("is one of the service's own if it is an object without a user_secret: %s", (data, isOwn) => {
    expect(received(data).isOwn).toBe(isOwn);
  });

  test('comes to the service as it is, prototype keys being keys like any other', () => {
    const message = received('{"__proto__":{"isAdmin":true},"constructor":1}').toOwn();
    expect(Object.keys(message)).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(message)).toBe(Object.prototype);
    expect(message['isAdmin']).toBeUndefined();
  });

  test('is no message of the service if it is no object', () => {
    expect(() => received('[1]').toOwn()).toThrow("A service's own message is an object, and not an array.");
  });

  test('a byte order mark is no part of it', () => {
    expect(received(`\ufeff${request}`).toInit()).toBeInstanceOf(SessionInitMessage);
  });

  test('does not keep the buffer alive that it came in, nor change with it', () => {
    const chunk = Buffer.from(`${request} and what came after it`);
    const message = new ReceivedMessage(chunk.subarray(0, request.length));
    chunk.fill(0);
    expect(message.toInit().username).toBe('ada');
    expect(message.bytes).toBe(request.length);
  });

  test('ASVS 16.2.5: shows its secret to nobody, read or not', () => {
    const message = received(request);
    for (const _ of ['unread', 'read']) {
      const shown = [JSON.stringify(message), inspect(message, { depth: 9, showHidden: true }), `${message}`].join();
      expect(shown).not.toContain('marked-user-secret-1');
      message.toInit();
    }
    expect(JSON.parse(JSON.stringify(message))).toEqual({ bytes: request.length });
  });
});
