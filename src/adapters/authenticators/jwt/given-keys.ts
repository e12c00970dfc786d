import { createPublicKey } from 'node:crypto';
import type { JWK } from 'jose';
import { isJsonObject } from '../../../model/json.js';
import type { KeySet, KeySource, LoadJose } from './key-source.js';
import type { PublicKey } from './options.js';

/** Keys that the operator gave. There are never any others. */
export function givenKeys(keys: readonly PublicKey[], loadJose: LoadJose): KeySource {
  let set: KeySet | undefined;
  async function load(): Promise<KeySet> {
    const { createLocalJWKSet } = await loadJose();
    const find = createLocalJWKSet({ keys: keys.map(toJwk) });
    set = {
      // A key in PEM has no name: all that fit are tried, whatever the token calls its own.
      find: ({ kid: _, ...header } = {}, token) => find(header, token),
      requestedAt: Number.POSITIVE_INFINITY,
    };
    return set;
  }
  return {
    atHand: () => set,
    refresh: load,
    probe: async () => {
      await load();
    },
    close: () => {},
  };
}

/** What is wrong with the keys of an option. Nothing of a key is shown. */
export function givenKeysProblem(keys: unknown): string | undefined {
  if (!Array.isArray(keys) || keys.length === 0) return 'publicKeys must be a list of public keys, and not empty.';
  const problems = keys.map((key, index) => [index, keyProblem(key)] as const).filter(([, problem]) => problem);
  return problems.length === 0
    ? undefined
    : problems.map(([index, problem]) => `publicKeys[${index}] ${problem}`).join(' ');
}

function keyProblem(key: unknown): string | undefined {
  const isPrivate = typeof key === 'string' ? /PRIVATE KEY/.test(key) : isJsonObject(key) && 'd' in key;
  if (isPrivate) return 'is a private key. Give the public one, and keep the private one with the issuer.';
  try {
    const { asymmetricKeyType: type, asymmetricKeyDetails: details } = createPublicKey({
      key: toJwk(key as PublicKey),
      format: 'jwk',
    });
    if (type === 'rsa' && (details?.modulusLength ?? 0) < 2048) return 'is an RSA key of less than 2,048 bits.';
    return undefined;
  } catch {
    return 'is no public key, neither a JSON Web Key nor in PEM.';
  }
}

const toJwk = (key: PublicKey): JWK =>
  typeof key === 'string' ? createPublicKey(key).export({ format: 'jwk' }) : (key as JWK);
