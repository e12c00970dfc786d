import { random } from 'nanoid';

/**
 * An id that nothing else has: 128 random bits, as 22 characters that need no escape anywhere. It is one piece of text:
 * one that is put together character by character takes some 300 bytes more for as long as somebody keeps it.
 */
export function newId(): string {
  const { buffer, byteOffset, length } = random(16);
  return Buffer.from(buffer, byteOffset, length).toString('base64url');
}
