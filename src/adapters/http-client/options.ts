import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Clock } from '../../model/clock.js';
import { Secret } from '../../model/secret.js';

/** How an adapter speaks HTTP: these are among its own options. */
export interface HttpClientOptions {
  /** The certificates, in PEM, of the CAs that sign the server's certificate. @defaultValue the CAs that Node trusts */
  ca?: string | readonly string[];
  /** The client certificate, in PEM, with what leads to its CA after it. It needs a `key`. @defaultValue none */
  cert?: string;
  /** The private key of `cert`, in PEM and not encrypted. */
  key?: Secret | string;
  /** Lets requests go in clear over the network, to an `http://` server on another machine. @defaultValue false */
  allowPlaintext?: boolean;
  /** Milliseconds that a call may take in all, from waiting for a connection to the last byte. @defaultValue 4000 */
  timeout?: number;
  /** How many connections there are at most, each with one request at a time. @defaultValue 64 */
  maxConnections?: number;
  /** How many calls may wait for a connection, before one is refused as `overloaded`. @defaultValue 200 */
  maxQueued?: number;
  /** How many bytes the body of an answer may have. @defaultValue 65536 */
  maxResponseBytes?: number;
  /** @defaultValue the system's clock */
  clock?: Clock;
}

/** The names of {@link HttpClientOptions}, for `unknownOptions`. */
export const HTTP_CLIENT_OPTIONS = [
  ...['ca', 'cert', 'key', 'allowPlaintext', 'timeout', 'maxConnections', 'maxQueued', 'maxResponseBytes', 'clock'],
] as const;

const LONGEST_WAIT = 2 ** 31 - 1;

/** @returns a sentence for everything that is wrong with the options */
export function httpClientProblems(options: HttpClientOptions): string[] {
  const { allowPlaintext = false, timeout = 1, maxConnections = 1, maxQueued = 0, maxResponseBytes = 1 } = options;
  return [
    ...tlsProblems(options),
    typeof allowPlaintext === 'boolean' ? '' : 'allowPlaintext must be true or false.',
    isInteger(timeout, 1, LONGEST_WAIT) ? '' : 'timeout must be a positive integer of milliseconds.',
    isInteger(maxConnections, 1) ? '' : 'maxConnections must be a positive integer.',
    isInteger(maxQueued, 0) ? '' : 'maxQueued must be 0 or a positive integer.',
    isInteger(maxResponseBytes, 1) ? '' : 'maxResponseBytes must be a positive integer.',
  ].filter((problem) => problem !== '');
}

/** What connections are secured by. */
export function secureContextOf({ ca, cert, key }: HttpClientOptions): SecureContext {
  return createSecureContext({
    minVersion: 'TLSv1.2',
    ...(ca !== undefined && { ca: [ca].flat() }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key: textOf(key) }),
  });
}

/** The text of an option that is a secret. */
export function textOf(secret: Secret | string): string {
  return secret instanceof Secret ? secret.reveal() : secret;
}

function tlsProblems({ ca, cert, key }: HttpClientOptions): string[] {
  const certificate = cert === undefined ? undefined : certificatesIn(cert)?.[0];
  const privateKey = key === undefined ? undefined : privateKeyIn(key);
  const cas = [ca ?? []].flat().map(certificatesIn);
  return [
    ca === undefined || (cas.length > 0 && !cas.includes(undefined)) ? '' : 'ca must hold certificates in PEM.',
    cert === undefined || certificate !== undefined ? '' : 'cert must hold certificates in PEM.',
    key === undefined || privateKey !== undefined ? '' : 'key must be a private key in PEM that is not encrypted.',
    (cert === undefined) === (key === undefined) ? '' : 'cert and key need each other.',
    certificate && privateKey && !certificate.checkPrivateKey(privateKey) ? 'key is not the key of cert.' : '',
  ];
}

/** @returns undefined if there is none, or one that is broken, which TLS would leave out without a word */
function certificatesIn(pem: unknown): X509Certificate[] | undefined {
  try {
    return String(pem)
      .match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g)
      ?.map((block) => new X509Certificate(block));
  } catch {
    return undefined;
  }
}

function privateKeyIn(pem: Secret | string): KeyObject | undefined {
  try {
    return createPrivateKey(textOf(pem));
  } catch {
    return undefined;
  }
}

function isInteger(value: unknown, least: number, most = Number.MAX_SAFE_INTEGER): boolean {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
}
