import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { systemClock } from '../../../model/clock.js';
import { ConfigurationError } from '../../../model/errors.js';
import { unknownOptions } from '../../../model/known-options.js';
import { Secret } from '../../../model/secret.js';
import { defaultConcurrency } from '../../password-hashes/hashing-queue.js';
import { recogniseHash, type SecretHash } from '../../password-hashes/secret-hash.js';
import type { PostgresqlOptions, SqlAuthenticatorOptions, SqliteOptions } from './options.js';
import { statementProblem } from './statement.js';

const KNOWN = {
  common:
    'dialect query claims upgrade decoyHash onWeakHash onUpgradeError name timeout maxConcurrentVerifications maxQueuedVerifications clock',
  postgresql: 'host port database user password tls ca connectTimeout idleTimeout maxConnections maxQueued',
  sqlite: 'path',
};

const LONGEST_WAIT = 2 ** 31 - 1;
const DECOY_HASH =
  '$argon2id$v=19$m=19456,t=2,p=1$c2Vzc2lvbi1pbml0LWRlY295$Ro2RVdyUmgL1YNBTK9kN6Cs2Jns0wTgu8sMhMeU6fQA';

/** @throws ConfigurationError with every problem */
export function checkOptions(options: SqlAuthenticatorOptions) {
  const name = options.name ?? 'sql';
  const settings = {
    ...options,
    name,
    claims: options.claims ?? [],
    timeout: options.timeout ?? 4_000,
    maxConcurrentVerifications: options.maxConcurrentVerifications ?? defaultConcurrency(),
    maxQueuedVerifications: options.maxQueuedVerifications ?? 200,
    clock: options.clock ?? systemClock,
  };
  const decoyHash = recogniseHash(options.decoyHash ?? DECOY_HASH);
  const problems = [
    ...dialectProblems(options),
    statementProblem('query', options.query, options.dialect, 1),
    options.upgrade === undefined ? '' : statementProblem('upgrade', options.upgrade, options.dialect, 3),
    Array.isArray(settings.claims) && settings.claims.every(isClaim)
      ? ''
      : 'claims must be names of columns, and not secret_hash.',
    'problem' in decoyHash ? `decoyHash ${decoyHash.problem}` : '',
    millisecondsProblem('timeout', settings.timeout),
    countProblem('maxConcurrentVerifications', settings.maxConcurrentVerifications, 1),
    countProblem('maxQueuedVerifications', settings.maxQueuedVerifications, 0),
  ].filter((problem) => problem !== '');
  if (problems.length > 0) throw new ConfigurationError(`${name} cannot work: ${problems.join(' ')}`, { problems });
  return { ...settings, decoyHash: decoyHash as SecretHash };
}

function dialectProblems(options: SqlAuthenticatorOptions): string[] {
  const { dialect } = options;
  if (dialect !== 'postgresql' && dialect !== 'sqlite') return ['dialect must be postgresql or sqlite.'];
  const known = `${KNOWN.common} ${KNOWN[dialect]}`.split(' ');
  return [
    ...unknownOptions(`sqlAuthenticator with the dialect ${dialect}`, options, known),
    ...(dialect === 'postgresql'
      ? postgresqlProblems(options)
      : [requiredText('path', (options as SqliteOptions).path)]),
  ];
}

/** The options of the connection with their defaults. */
export function withPostgresqlDefaults(options: PostgresqlOptions) {
  const { password } = options;
  return {
    port: options.port ?? 5432,
    password: typeof password === 'string' ? new Secret(password) : password,
    tls: options.tls ?? (isLocal(options.host) ? 'off' : 'verified'),
    connectTimeout: options.connectTimeout ?? 1_500,
    idleTimeout: options.idleTimeout ?? 60_000,
    maxConnections: options.maxConnections ?? 10,
    maxQueued: options.maxQueued ?? 200,
  };
}

function postgresqlProblems(options: PostgresqlOptions): string[] {
  const { host, ca } = options;
  const { tls, port, ...numbers } = withPostgresqlDefaults(options);
  return [
    requiredText('host', host),
    typeof host === 'string' && !isHost(host)
      ? 'host must be a host name, an IP address, or the folder of a Unix socket: no URL, and no port.'
      : '',
    requiredText('database', options.database),
    requiredText('user', options.user),
    Number.isSafeInteger(port) && port > 0 && port < 65_536 ? '' : 'port must be from 1 to 65535.',
    ['verified', 'unverified', 'off'].includes(tls) ? '' : 'tls must be verified, unverified or off.',
    tls !== 'off' && isSocket(host) ? 'tls must be off for a Unix socket.' : '',
    ca === undefined || tls === 'verified' ? '' : 'ca is of use with tls verified alone.',
    ...[ca ?? []].flat().map((pem) => (isCertificate(pem) ? '' : 'ca must hold certificates in PEM.')),
    millisecondsProblem('connectTimeout', numbers.connectTimeout),
    millisecondsProblem('idleTimeout', numbers.idleTimeout),
    countProblem('maxConnections', numbers.maxConnections, 1),
    countProblem('maxQueued', numbers.maxQueued, 0),
  ];
}

/** Whether what is said to it stays on this machine. */
function isLocal(host: unknown): boolean {
  return (
    isSocket(host) ||
    host === 'localhost' ||
    host === '::1' ||
    (isIP(String(host)) === 4 && /^127\./.test(String(host)))
  );
}

/** What holds more, such as the password of a URL, must not come as far as an error that names it. */
function isHost(host: string): boolean {
  return host === '' || isSocket(host) || isIP(host) !== 0 || /^[\w.-]+$/.test(host);
}

function isSocket(host: unknown): boolean {
  return typeof host === 'string' && host.startsWith('/');
}

function isClaim(column: unknown): boolean {
  return typeof column === 'string' && column !== '' && column !== 'secret_hash';
}

function requiredText(option: string, value: unknown): string {
  return typeof value === 'string' && value !== '' && !value.includes('\0') ? '' : `${option} must be given.`;
}

function millisecondsProblem(option: string, value: number): string {
  const isOne = Number.isSafeInteger(value) && value >= 1 && value <= LONGEST_WAIT;
  return isOne ? '' : `${option} must be a positive integer of milliseconds.`;
}

function countProblem(option: string, value: number, least: number): string {
  return Number.isSafeInteger(value) && value >= least ? '' : `${option} must be an integer of at least ${least}.`;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
}
