import { createPrivateKey, type KeyObject, type webcrypto } from 'node:crypto';

const RSA_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
const CURVES: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' };

type Parameters = { name: string; hash?: string; namedCurve?: string };

/** What is wrong with a client's key and the way it is to sign. Nothing of the key is shown. */
export function clientKeyProblem(pem: unknown, algorithm: unknown): string | undefined {
  const key = readKey(pem);
  if (key === undefined) return 'clientKey must be a private key in PEM that is not encrypted.';
  if (key.asymmetricKeyType === 'rsa') {
    if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < 2048) return 'clientKey must have 2,048 bits or more.';
    if (algorithm === undefined || RSA_ALGORITHMS.includes(algorithm as string)) return undefined;
    return `clientKeyAlgorithm must be one of ${RSA_ALGORITHMS.join(', ')}.`;
  }
  if (parametersOf(key) === undefined) return 'clientKey must be an RSA, P-256, P-384, P-521 or Ed25519 key.';
  return algorithm === undefined ? undefined : 'clientKeyAlgorithm is for RSA keys only.';
}

/** @param pem - with no {@link clientKeyProblem} */
export function importClientKey(pem: string, algorithm: string | undefined): Promise<webcrypto.CryptoKey> {
  const key = createPrivateKey(pem);
  const bytes = key.export({ type: 'pkcs8', format: 'der' });
  return crypto.subtle.importKey('pkcs8', bytes, parametersOf(key, algorithm) as Parameters, false, ['sign']);
}

function readKey(pem: unknown): KeyObject | undefined {
  try {
    return createPrivateKey(pem as string);
  } catch {
    return undefined;
  }
}

function parametersOf(key: KeyObject, algorithm = 'RS256'): Parameters | undefined {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'rsa') {
    const name = algorithm.startsWith('PS') ? 'RSA-PSS' : 'RSASSA-PKCS1-v1_5';
    return { name, hash: `SHA-${algorithm.slice(2)}` };
  }
  if (type === 'ed25519') return { name: 'Ed25519' };
  const namedCurve = type === 'ec' ? CURVES[details?.namedCurve ?? ''] : undefined;
  return namedCurve === undefined ? undefined : { name: 'ECDSA', namedCurve };
}
