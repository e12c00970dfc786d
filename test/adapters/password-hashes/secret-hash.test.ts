import { describe, expect, test } from '@jest/globals';
import { recogniseHash } from '../../../src/adapters/password-hashes/secret-hash.js';

const SALT = 'c2FsdHNhbHQ';
const DIGEST = 'ELO7DyHpc+LW4YrskQx2BVR/iLovxRf2FFw7T+l8YWE';
const BCRYPT_REST = 'abcdefghijklmnopqrstuuxSbj0hT2..hjWKJtht/F6.r7Io9Hc62';

function argon2id(parameters: string, version = 'v=19$', salt = SALT, digest = DIGEST): string {
  return `$argon2id$${version}${parameters}$${salt}$${digest}`;
}

describe('ASVS 11.4.2: the strength of a hash is known', () => {
  test.each(['m=19456,t=2,p=1', 'm=47104,t=1,p=1', 'm=65536,t=3,p=4', 'm=7168,t=5,p=1', 'm=12288,t=3,p=1'])(
    'argon2id %s is as strong as OWASP asks',
    (parameters) => {
      expect(recogniseHash(argon2id(parameters))).toMatchObject({ scheme: 'argon2id', weak: false });
    },
  );

  test.each(['m=19456,t=1,p=1', 'm=19455,t=2,p=1', 'm=7167,t=9,p=1', 'm=8,t=1,p=1', 'm=46080,t=1,p=1'])(
    'argon2id %s is weaker',
    (parameters) => {
      expect(recogniseHash(argon2id(parameters))).toMatchObject({ scheme: 'argon2id', weak: true });
    },
  );

  test.each(['v=16$', ''])('argon2id of the old version (%j) is weaker whatever its parameters', (version) => {
    expect(recogniseHash(argon2id('m=65536,t=3,p=4', version))).toMatchObject({ scheme: 'argon2id', weak: true });
  });

  test.each([
    ['bcrypt', `$2a$12$${BCRYPT_REST}`],
    ['bcrypt', `$2b$04$${BCRYPT_REST}`],
    ['bcrypt', `$2y$16$${BCRYPT_REST}`],
    ['apr1', '$apr1$bHrrQc79$2pJn8pu/sA7RqaIr8UhiP1'],
    ['sha1', '{SHA}KevVEapnqgzTKE124FbHWU8Raxg='],
    ['sha256crypt', '$5$rounds=1200$markedsalt$3Ody2mABp5wpwiKHKZAUPC7JPjvWcqlpyihvVDxHHk7'],
    ['sha512crypt', `$6$rounds=1000000$markedsalt$${'a'.repeat(86)}`],
  ])('%s is verified, and weaker than argon2id', (scheme, encoded) => {
    expect(recogniseHash(encoded)).toEqual({ scheme, encoded, weak: true });
  });
});

describe('what is refused', () => {
  test.each([
    ['', /^is empty/],
    ['marked-user-secret-1', /plain text is refused/],
    ['VBdvcUELT6u0k', /DES crypt/],
    ['$1$abc$uAXS.Zj1ZDNcW9iX1TVH2/', /MD5 crypt/],
    [`$argon2i$v=19$m=64,t=1,p=1$${SALT}$${DIGEST}`, /argon2i hash/],
    [`$argon2d$v=19$m=64,t=1,p=1$${SALT}$${DIGEST}`, /argon2d hash/],
    [`$2x$05$${BCRYPT_REST}`, /faulty/],
    [`$2$05$${BCRYPT_REST}`, /withdrawn/],
    ['$y$j9T$abc$def', /not supported/],
    ['{SSHA}KevVEapnqgzTKE124FbHWU8Raxg=', /salted SHA/],
    ['{MD5}KevVEapnqgzTKE124FbHWU8Raxg=', /not supported/],
    ['{"users": 1}', /not supported/],
  ])('%s', (encoded, problem) => {
    const refused = recogniseHash(encoded);
    expect(refused).toEqual({ problem: expect.stringMatching(problem) });
    expect(refused).toEqual({ problem: expect.stringContaining('et a new secret for this user') });
    if (encoded !== '') expect(JSON.stringify(refused)).not.toContain(encoded);
  });

  test.each([
    ['cut off in a byte', argon2id('m=64,t=1,p=1', 'v=19$', SALT, DIGEST.slice(0, -2))],
    ['without a digest', `$argon2id$v=19$m=64,t=1,p=1$${SALT}`],
    ['with a digest of 8 bytes', argon2id('m=64,t=1,p=1', 'v=19$', SALT, 'c2FsdHNhbHQ')],
    ['with a salt of 4 bytes', argon2id('m=64,t=1,p=1', 'v=19$', 'c2FsdA')],
    ['of an unknown version', argon2id('m=64,t=1,p=1', 'v=20$')],
    ['with too little memory for its lanes', argon2id('m=31,t=1,p=4')],
    ['without passes', argon2id('m=64,t=0,p=1')],
    ['without lanes', argon2id('m=64,t=1,p=0')],
    ['with a line break at its end', `${argon2id('m=64,t=1,p=1')}\n`],
    ['bcrypt, cut off', `$2b$05$${BCRYPT_REST.slice(0, -1)}`],
    ['bcrypt, longer', `$2b$05$${BCRYPT_REST}a`],
    ['bcrypt, with bits where there are none', `$2b$05$${BCRYPT_REST.slice(0, -1)}3`],
    ['bcrypt, cost 3', `$2b$03$${BCRYPT_REST}`],
    ['bcrypt, cost 32', `$2b$32$${BCRYPT_REST}`],
    ['apr1, cut off', '$apr1$bHrrQc79$2pJn8pu/sA7RqaIr8UhiP'],
    ['apr1, with a salt of 9', '$apr1$bHrrQc790$2pJn8pu/sA7RqaIr8UhiP1'],
    ['SHA-1, cut off', '{SHA}KevVEapnqgzTKE124FbHWU8Rax='],
    ['SHA-256, cut off', `$5$salt$${'a'.repeat(42)}`],
    ['SHA-512, cut off', `$6$salt$${'a'.repeat(85)}`],
    ['SHA-512, with a salt of 17', `$6$${'s'.repeat(17)}$${'a'.repeat(86)}`],
    ['SHA-512, without salt', `$6$${'a'.repeat(86)}`],
    ['SHA-512, with fewer rounds than there can be', `$6$rounds=0999$salt$${'a'.repeat(86)}`],
  ])('a damaged hash: %s', (_, encoded) => {
    expect(recogniseHash(encoded)).toEqual({ problem: expect.stringMatching(/^is damaged or incomplete/) });
  });

  test.each([
    ['argon2id with 4 TB', argon2id('m=4294967295,t=1,p=1')],
    ['argon2id with a million passes', argon2id('m=19456,t=1000000,p=1')],
    ['argon2id with 256 lanes', argon2id('m=19456,t=2,p=256')],
    ['bcrypt at cost 17', `$2b$17$${BCRYPT_REST}`],
    ['SHA-512 with a billion rounds', `$6$rounds=999999999$salt$${'a'.repeat(86)}`],
  ])('a hash that would hold a thread for hours: %s', (_, encoded) => {
    expect(recogniseHash(encoded)).toEqual({ problem: expect.stringMatching(/^would take too long/) });
  });
});
