/** How a user's secret was hashed. */
export type HashScheme = 'argon2id' | 'bcrypt' | 'sha512crypt' | 'sha256crypt' | 'apr1' | 'sha1';

/** A hash that `recogniseHash` has found to be whole and of a scheme that can be verified. */
export interface SecretHash {
  readonly scheme: HashScheme;
  /** As it is stored. */
  readonly encoded: string;
  /** Whether it is weaker than argon2id at OWASP's parameters, so that the user had better set a new secret. */
  readonly weak: boolean;
}

/** Why a hash is refused: a sentence without a subject, and never a part of the hash. */
export interface RefusedHash {
  readonly problem: string;
}

/** OWASP's equally strong choices of memory (KiB) and passes for argon2id. A hash is as good as any that it covers. */
const OWASP_ARGON2ID = [
  { memory: 47104, passes: 1 },
  { memory: 19456, passes: 2 },
  { memory: 12288, passes: 3 },
  { memory: 9216, passes: 4 },
  { memory: 7168, passes: 5 },
];

/*
 * What one verification may cost: some seconds and 1 GiB. A parameter beyond is a slip or an attack, and would hold a
 * thread for hours or, as the allocation fails, end the process.
 */
const MAX_ARGON2_MEMORY = 2 ** 20;
const MAX_ARGON2_WORK = 2 ** 23;
const MAX_BCRYPT_COST = 16;
const MAX_CRYPT_ROUNDS = 1_000_000;

const REMEDY = 'Set a new secret for this user.';
const DAMAGED = 'is damaged or incomplete. Restore it, or set a new secret for this user.';
const TOO_COSTLY = `would take too long, or too much memory, to verify. ${REMEDY}`;

/** Prefixes of schemes that are not verified, and what they are called. */
const REFUSED: readonly (readonly [prefix: string, name: string])[] = [
  ['$argon2i$', 'an argon2i hash'],
  ['$argon2d$', 'an argon2d hash'],
  ['$1$', 'an MD5 crypt hash'],
  ['$2x$', 'a hash by a bcrypt known to be faulty'],
  ['$2$', 'a hash by the first, withdrawn bcrypt'],
  ['{SSHA', 'a salted SHA hash of LDAP'],
  ['$', 'a hash of a scheme that is not supported'],
  ['{', 'a hash of a scheme that is not supported'],
];

// The last characters of bcrypt's two parts carry 4 and 2 unused bits, which are zero in every hash by a sound tool.
const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{30}[.CGKOSWaeimquy26]$/;
const ARGON2ID =
  /^\$argon2id\$(?:v=(16|19)\$)?m=(\d{1,10}),t=(\d{1,10}),p=(\d{1,3})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;
const SHA256_CRYPT = /^\$5\$(?:rounds=(\d{4,9})\$)?[./0-9A-Za-z]{1,16}\$[./0-9A-Za-z]{43}$/;
const SHA512_CRYPT = /^\$6\$(?:rounds=(\d{4,9})\$)?[./0-9A-Za-z]{1,16}\$[./0-9A-Za-z]{86}$/;
const APR1 = /^\$apr1\$[./0-9A-Za-z]{1,8}\$[./0-9A-Za-z]{22}$/;
const SHA1 = /^\{SHA\}[A-Za-z0-9+/]{27}=$/;
const DES_CRYPT = /^[./0-9A-Za-z]{13}$/;

/** Finds out which scheme a hash is of and whether it is whole. */
export function recogniseHash(encoded: string): SecretHash | RefusedHash {
  if (encoded === '') return { problem: `is empty. ${REMEDY}` };
  if (encoded.startsWith('$argon2id$')) return recogniseArgon2id(encoded);
  if (/^\$2[aby]\$/.test(encoded)) return recogniseBcrypt(encoded);
  if (encoded.startsWith('$6$')) return recogniseShaCrypt('sha512crypt', SHA512_CRYPT, encoded);
  if (encoded.startsWith('$5$')) return recogniseShaCrypt('sha256crypt', SHA256_CRYPT, encoded);
  if (encoded.startsWith('$apr1$')) return APR1.test(encoded) ? weak('apr1', encoded) : { problem: DAMAGED };
  if (encoded.startsWith('{SHA}')) return SHA1.test(encoded) ? weak('sha1', encoded) : { problem: DAMAGED };
  const name = REFUSED.find(([prefix]) => encoded.startsWith(prefix))?.[1];
  if (name !== undefined) return { problem: `is ${name}, which is refused. ${REMEDY}` };
  if (DES_CRYPT.test(encoded)) return { problem: `is a DES crypt hash or plain text, which is refused. ${REMEDY}` };
  return { problem: `is no hash of a known scheme; plain text is refused. ${REMEDY}` };
}

function recogniseArgon2id(encoded: string): SecretHash | RefusedHash {
  const [, version, m, t, p, salt, digest] = ARGON2ID.exec(encoded) ?? [];
  const [memory, passes, lanes] = [Number(m), Number(t), Number(p)];
  const whole = byteLength(salt) >= 8 && byteLength(digest) >= 12 && passes >= 1 && lanes >= 1 && memory >= 8 * lanes;
  if (!whole) return { problem: DAMAGED };
  if (memory > MAX_ARGON2_MEMORY || memory * passes > MAX_ARGON2_WORK || lanes > 255) return { problem: TOO_COSTLY };
  const strong = OWASP_ARGON2ID.some((owasp) => memory >= owasp.memory && passes >= owasp.passes);
  return { scheme: 'argon2id', encoded, weak: !strong || version !== '19' };
}

function recogniseBcrypt(encoded: string): SecretHash | RefusedHash {
  const cost = Number(BCRYPT.exec(encoded)?.[1]);
  if (!(cost >= 4 && cost <= 31)) return { problem: DAMAGED };
  return cost > MAX_BCRYPT_COST ? { problem: TOO_COSTLY } : weak('bcrypt', encoded);
}

function recogniseShaCrypt(scheme: HashScheme, pattern: RegExp, encoded: string): SecretHash | RefusedHash {
  const match = pattern.exec(encoded);
  const rounds = Number(match?.[1] ?? 5000);
  if (match === null || rounds < 1000) return { problem: DAMAGED };
  return rounds > MAX_CRYPT_ROUNDS ? { problem: TOO_COSTLY } : weak(scheme, encoded);
}

function weak(scheme: HashScheme, encoded: string): SecretHash {
  return { scheme, encoded, weak: true };
}

/** How many bytes unpadded base64 stands for; 0 if it was cut off in the middle of a byte. */
function byteLength(base64 = ''): number {
  const bytes = Buffer.from(base64, 'base64');
  return bytes.toString('base64').replace(/=+$/, '') === base64 ? bytes.length : 0;
}
