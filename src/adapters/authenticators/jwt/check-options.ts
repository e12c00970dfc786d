import { systemClock } from '../../../model/clock.js';
import { ConfigurationError } from '../../../model/errors.js';
import { unknownOptions } from '../../../model/known-options.js';
import { HTTP_CLIENT_OPTIONS, httpClientProblems } from '../../http-client/options.js';
import { urlProblem } from '../../http-client/url-problem.js';
import { claimPathProblem } from '../../tokens/outcome-of-token.js';
import { givenKeysProblem } from './given-keys.js';
import type { JwtAuthenticatorOptions } from './options.js';

/** Signatures whose keys are pairs. With HMAC, whoever verifies could sign. */
const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];

const MAX_CLOCK_TOLERANCE = 300_000;

const KNOWN = [
  ...['name', 'issuer', 'audience', 'jwksUri', 'publicKeys', 'algorithms', 'typ', 'usernameClaim', 'groupsClaim'],
  ...['maxTokenAge', 'clockTolerance', 'keysMaxAge', 'keysCooldown', 'maxWaiting', 'onKeysUnavailable'],
  ...HTTP_CLIENT_OPTIONS.filter((option) => option !== 'maxConnections' && option !== 'maxQueued'),
];

/** The options with their defaults. */
export type JwtSettings = ReturnType<typeof withDefaults>;

/** @throws ConfigurationError with every problem */
export function checkOptions(options: JwtAuthenticatorOptions): JwtSettings {
  const settings = withDefaults(options);
  const problems = [
    ...unknownOptions('jwtAuthenticator', options, KNOWN),
    ...tokenProblems(settings),
    ...keyProblems(options),
    ...httpClientProblems(options),
    ...numberProblems(settings),
  ].filter((problem) => problem !== undefined);
  if (problems.length === 0) return settings;
  throw new ConfigurationError(`${settings.name} cannot work: ${problems.join(' ')}`, { problems });
}

function withDefaults(options: JwtAuthenticatorOptions) {
  return {
    ...options,
    name: options.name ?? 'jwt',
    algorithms: options.algorithms ?? ALGORITHMS,
    typ: options.typ ?? 'at+jwt',
    usernameClaim: options.usernameClaim ?? 'sub',
    clockTolerance: options.clockTolerance ?? 5_000,
    timeout: options.timeout ?? 4_000,
    keysMaxAge: options.keysMaxAge ?? 600_000,
    keysCooldown: options.keysCooldown ?? 2_000,
    maxWaiting: options.maxWaiting ?? 512,
    clock: options.clock ?? systemClock,
  };
}

function tokenProblems({ issuer, audience, typ, algorithms, usernameClaim, groupsClaim }: JwtSettings) {
  const audiences = [audience].flat();
  return [
    isText(issuer) ? undefined : 'issuer must be the claim iss of the tokens.',
    audiences.length > 0 && audiences.every(isText)
      ? undefined
      : 'audience must name this service as the claim aud of the tokens does.',
    typ === false || isText(typ) ? undefined : 'typ must be the header typ of the tokens, or false.',
    ...algorithmProblems(algorithms),
    claimPathProblem('usernameClaim', usernameClaim),
    groupsClaim === undefined ? undefined : claimPathProblem('groupsClaim', groupsClaim),
  ];
}

function algorithmProblems(algorithms: unknown): string[] {
  if (!Array.isArray(algorithms) || algorithms.length === 0) return ['algorithms must be a list, and not empty.'];
  const others = algorithms.filter((algorithm) => !ALGORITHMS.includes(algorithm));
  return others.map((algorithm) => `algorithms cannot have ${algorithm}. There are: ${ALGORITHMS.join(', ')}.`);
}

function keyProblems({ issuer, jwksUri, publicKeys, allowPlaintext }: JwtAuthenticatorOptions) {
  if (publicKeys === undefined) {
    return [urlProblem(jwksUri === undefined ? 'issuer' : 'jwksUri', jwksUri ?? issuer, allowPlaintext)];
  }
  return [
    givenKeysProblem(publicKeys),
    jwksUri === undefined ? undefined : 'Either publicKeys or jwksUri must be given, not both.',
  ];
}

function numberProblems(settings: JwtSettings) {
  const { maxTokenAge, clockTolerance, timeout, keysMaxAge, keysCooldown, maxWaiting } = settings;
  return [
    maxTokenAge === undefined || isInteger(maxTokenAge, 1, Number.MAX_SAFE_INTEGER)
      ? undefined
      : 'maxTokenAge must be a positive integer of milliseconds.',
    isInteger(clockTolerance, 0, MAX_CLOCK_TOLERANCE)
      ? undefined
      : `clockTolerance must be an integer of 0 to ${MAX_CLOCK_TOLERANCE} milliseconds.`,
    isInteger(keysMaxAge, 1, Number.MAX_SAFE_INTEGER)
      ? undefined
      : 'keysMaxAge must be a positive integer of milliseconds.',
    isInteger(keysCooldown, 1, timeout - 1)
      ? undefined
      : 'keysCooldown must be a positive integer of milliseconds, less than timeout.',
    isInteger(maxWaiting, 1, Number.MAX_SAFE_INTEGER) ? undefined : 'maxWaiting must be a positive integer.',
  ];
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isInteger(value: number, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= most;
}
