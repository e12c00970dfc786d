import { describe, expect, test } from '@jest/globals';
import { DecoyHashes } from '../../../../src/adapters/authenticators/sql/decoy-hashes.js';
import type { SecretHash } from '../../../../src/adapters/password-hashes/secret-hash.js';

const hash = (scheme: SecretHash['scheme'], encoded: string): SecretHash => ({ scheme, encoded, weak: true });
const FIRST = hash('argon2id', 'first');

describe('ASVS 6.3.8: what is verified for an unknown user', () => {
  test('is the first decoy until a user was seen, and a hash of theirs from then on', () => {
    const decoys = new DecoyHashes(FIRST);
    expect(decoys.hashFor('eve', undefined)).toBe(FIRST);
    const seen = hash('bcrypt', 'ada');
    expect(decoys.hashFor('ada', seen)).toBe(seen);
    for (let name = 0; name < 200; name++) expect(decoys.hashFor(`unknown-${name}`, undefined)).toBe(seen);
  });

  test('stays the same for the same name', () => {
    const decoys = new DecoyHashes(FIRST);
    for (let user = 0; user < 500; user++) decoys.hashFor(`user-${user}`, hash('sha1', `${user}`));
    for (let name = 0; name < 50; name++) {
      const first = decoys.hashFor(`unknown-${name}`, undefined);
      expect(decoys.hashFor(`unknown-${name}`, undefined)).toBe(first);
    }
  });

  test('is of the schemes of the users, as often as these are', () => {
    const counts = { bcrypt: 0, sha512crypt: 0 };
    for (let run = 0; run < 20; run++) {
      const decoys = new DecoyHashes(FIRST);
      for (let user = 0; user < 2_000; user++) {
        decoys.hashFor(`user-${user}`, hash(user % 4 === 0 ? 'bcrypt' : 'sha512crypt', `${user}`));
      }
      for (let name = 0; name < 500; name++) {
        counts[decoys.hashFor(`unknown-${name}`, undefined).scheme as keyof typeof counts] += 1;
      }
    }
    // A quarter of 10,000, by 1,280 lots: more than six standard deviations to either side.
    expect(counts.bcrypt).toBeGreaterThan(1_700);
    expect(counts.bcrypt).toBeLessThan(3_300);
  });
});
