import { systemClock } from '../../../model/clock.js';
import { ConfigurationError } from '../../../model/errors.js';
import { unknownOptions } from '../../../model/known-options.js';
import { countProblem, millisecondsProblem, requiredText } from '../../option-problems.js';
import { defaultConcurrency } from '../../password-hashes/hashing-queue.js';
import { recogniseHash, type SecretHash } from '../../password-hashes/secret-hash.js';
import { SERVER_OPTIONS, serverProblems } from '../../postgres-client/server-options.js';
import type { SqlAuthenticatorOptions, SqliteOptions } from './options.js';
import { statementProblem } from './statement.js';

const KNOWN = {
  common:
    'dialect query claims upgrade decoyHash onWeakHash onUpgradeError name timeout maxConcurrentVerifications maxQueuedVerifications clock',
  postgresql: `${SERVER_OPTIONS.join(' ')} idleTimeout`,
  sqlite: 'path',
};

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
      ? [...serverProblems(options), millisecondsProblem('idleTimeout', options.idleTimeout ?? 1)]
      : [requiredText('path', (options as SqliteOptions).path)]),
  ];
}

function isClaim(column: unknown): boolean {
  return typeof column === 'string' && column !== '' && column !== 'secret_hash';
}
