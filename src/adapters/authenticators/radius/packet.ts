/** What a packet is (RFC 2865 §3, RFC 5997 §5). */
export const CODE = {
  accessRequest: 1,
  accessAccept: 2,
  accessReject: 3,
  accessChallenge: 11,
  statusServer: 12,
} as const;

/** The attributes that are sent or looked at (RFC 2865 §5, RFC 3579 §3.2). */
export const ATTRIBUTE = {
  userName: 1,
  userPassword: 2,
  nasIpAddress: 4,
  filterId: 11,
  class: 25,
  callingStationId: 31,
  nasIdentifier: 32,
  messageAuthenticator: 80,
} as const;

/** The bytes before the attributes: code, identifier, length, authenticator. */
export const HEADER_BYTES = 20;
/** Where the authenticator is, and how long: that of the message as of the packet. */
export const AUTHENTICATOR_AT = 4;
export const AUTHENTICATOR_BYTES = 16;
/** As many bytes an attribute's value may have. */
export const MAX_VALUE_BYTES = 253;

const ATTRIBUTE_HEADER_BYTES = 2;
const MAX_PACKET_BYTES = 4_096;

export interface Attribute {
  readonly type: number;
  readonly value: Uint8Array;
}

export interface Packet {
  readonly code: number;
  /** Which of the requests from one port it belongs to, 0 to 255. */
  readonly identifier: number;
  readonly authenticator: Uint8Array;
  readonly attributes: readonly Attribute[];
}

/** A packet as it goes over the network. The values of its attributes must be short enough. */
export function encodePacket({ code, identifier, authenticator, attributes }: Packet): Buffer {
  const length = attributes.reduce((sum, { value }) => sum + ATTRIBUTE_HEADER_BYTES + value.length, HEADER_BYTES);
  const bytes = Buffer.alloc(length);
  bytes.writeUInt8(code, 0);
  bytes.writeUInt8(identifier, 1);
  bytes.writeUInt16BE(length, 2);
  bytes.set(authenticator, AUTHENTICATOR_AT);
  let at = HEADER_BYTES;
  for (const { type, value } of attributes) {
    bytes.writeUInt8(type, at);
    bytes.writeUInt8(ATTRIBUTE_HEADER_BYTES + value.length, at + 1);
    bytes.set(value, at + ATTRIBUTE_HEADER_BYTES);
    at += ATTRIBUTE_HEADER_BYTES + value.length;
  }
  return bytes;
}

/**
 * The bytes of a datagram that are the packet: what follows its length is padding (RFC 2865 §3).
 *
 * @returns undefined if they are no packet
 */
export function packetIn(datagram: Buffer): Buffer | undefined {
  if (datagram.length < HEADER_BYTES) return undefined;
  const length = datagram.readUInt16BE(2);
  const fits = length >= HEADER_BYTES && length <= MAX_PACKET_BYTES && length <= datagram.length;
  return fits ? datagram.subarray(0, length) : undefined;
}

/**
 * Takes a packet apart. The values are views of `bytes`.
 *
 * @returns undefined if the attributes do not end where the packet does
 */
export function decodePacket(bytes: Buffer): Packet | undefined {
  const attributes: Attribute[] = [];
  let at = HEADER_BYTES;
  while (at < bytes.length) {
    const length = bytes[at + 1] ?? 0;
    if (length < ATTRIBUTE_HEADER_BYTES || at + length > bytes.length) return undefined;
    attributes.push({ type: bytes[at] as number, value: bytes.subarray(at + ATTRIBUTE_HEADER_BYTES, at + length) });
    at += length;
  }
  return {
    code: bytes[0] as number,
    identifier: bytes[1] as number,
    authenticator: bytes.subarray(AUTHENTICATOR_AT, HEADER_BYTES),
    attributes,
  };
}
