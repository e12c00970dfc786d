import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { clientKeyProblem, importClientKey } from '../../../../src/adapters/authenticators/introspection/client-key.js';

const pem = ({ privateKey }: { privateKey: KeyObject }, type: 'pkcs8' | 'pkcs1' | 'sec1' = 'pkcs8') =>
  privateKey.export({ type: type as 'pkcs8', format: 'pem' }) as string;
const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });

test.each([
  ['an RSA key', pem(rsa), undefined, { name: 'RSASSA-PKCS1-v1_5', hash: { name: 'SHA-256' } }],
  ['an RSA key in PKCS #1', pem(rsa, 'pkcs1'), 'PS512', { name: 'RSA-PSS', hash: { name: 'SHA-512' } }],
  ['P-256', pem(ec('P-256')), undefined, { name: 'ECDSA', namedCurve: 'P-256' }],
  ['P-384 in SEC 1', pem(ec('P-384'), 'sec1'), undefined, { name: 'ECDSA', namedCurve: 'P-384' }],
  ['P-521', pem(ec('P-521')), undefined, { name: 'ECDSA', namedCurve: 'P-521' }],
  ['Ed25519', pem(generateKeyPairSync('ed25519')), undefined, { name: 'Ed25519' }],
])('%s signs by its algorithm, and cannot be taken out again', async (_, key, algorithm, expected) => {
  expect(clientKeyProblem(key, algorithm)).toBeUndefined();
  const imported = await importClientKey(key, algorithm);
  expect(imported.algorithm).toMatchObject(expected);
  expect(imported.extractable).toBe(false);
});

test.each([
  ['a curve that no algorithm has', pem(ec('secp256k1')), 'must be an RSA, P-256'],
  ['a key that cannot sign', pem(generateKeyPairSync('x25519')), 'must be an RSA, P-256'],
  ['a short RSA key', pem(generateKeyPairSync('rsa', { modulusLength: 1024 })), '2,048 bits'],
  [
    'an encrypted one',
    rsa.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'marked' }),
    'not encrypted',
  ],
  ['a public one', rsa.publicKey.export({ type: 'spki', format: 'pem' }), 'must be a private key'],
  ['none', 42, 'must be a private key'],
])('%s is refused', (_, key, problem) => {
  expect(clientKeyProblem(key, undefined)).toContain(problem);
});
