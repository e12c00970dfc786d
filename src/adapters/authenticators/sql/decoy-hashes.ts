import { hash as digest, randomBytes } from 'node:crypto';
import type { SecretHash } from '../../password-hashes/secret-hash.js';

/** So many hashes are kept. */
const PLACES = 64;

/**
 * Finds a hash to verify for a name that nobody has: one of a user whose place the name shares, by a lot that nobody can
 * foresee. So the times of unknown names are distributed as those of the known ones that were seen, and the same name
 * goes on taking the same time.
 */
export class DecoyHashes {
  readonly #key = randomBytes(16).toString('hex');
  readonly #places: (SecretHash | undefined)[] = new Array(PLACES).fill(undefined);
  readonly #first: SecretHash;

  /** @param first - the decoy as long as no hash of a user was seen */
  constructor(first: SecretHash) {
    this.#first = first;
  }

  /** The hash for a name, which is known if it has a `hash` of its own. */
  hashFor(username: string, hash: SecretHash | undefined): SecretHash {
    // No HMAC is needed, since nobody sees a digest that could be gone on from.
    const lot = digest('sha256', this.#key + username, 'binary').charCodeAt(0) % PLACES;
    if (hash !== undefined) {
      this.#places[lot] = hash;
      return hash;
    }
    for (let step = 0; step < PLACES; step += 1) {
      const decoy = this.#places[(lot + step) % PLACES];
      if (decoy !== undefined) return decoy;
    }
    return this.#first;
  }
}
