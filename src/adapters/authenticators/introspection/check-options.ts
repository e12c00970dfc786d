import { systemClock } from '../../../model/clock.js';
import { ConfigurationError } from '../../../model/errors.js';
import { unknownOptions } from '../../../model/known-options.js';
import { Secret } from '../../../model/secret.js';
import { HTTP_CLIENT_OPTIONS, httpClientProblems } from '../../http-client/options.js';
import { urlProblem } from '../../http-client/url-problem.js';
import { claimPathProblem } from '../../tokens/outcome-of-token.js';
import { clientKeyProblem } from './client-key.js';
import type { IntrospectionAuthenticatorOptions } from './options.js';

const MAX_CLOCK_TOLERANCE = 300_000;

const KNOWN = [
  ...['name', 'issuer', 'introspectionEndpoint', 'clientId', 'clientSecret', 'clientKey', 'clientKeyId'],
  ...['clientKeyAlgorithm', 'audience', 'scope', 'usernameClaim', 'groupsClaim', 'clockTolerance'],
  ...HTTP_CLIENT_OPTIONS,
];

/** The options with their defaults. */
export type IntrospectionSettings = ReturnType<typeof withDefaults>;

/** @throws ConfigurationError with every problem */
export function checkOptions(options: IntrospectionAuthenticatorOptions): IntrospectionSettings {
  const settings = withDefaults(options);
  const problems = [
    ...unknownOptions('introspectionAuthenticator', options, KNOWN),
    ...serverProblems(options),
    ...clientProblems(options),
    ...tokenProblems(settings),
    ...httpClientProblems(options),
  ].filter((problem) => problem !== undefined);
  if (problems.length === 0) return settings;
  throw new ConfigurationError(`${settings.name} cannot work: ${problems.join(' ')}`, { problems });
}

function withDefaults(options: IntrospectionAuthenticatorOptions) {
  return {
    ...options,
    name: options.name ?? 'introspection',
    clientSecret: secretOf(options.clientSecret),
    clientKey: secretOf(options.clientKey),
    scopes: [options.scope ?? []].flat(),
    usernameClaim: options.usernameClaim ?? 'sub',
    clockTolerance: options.clockTolerance ?? 5_000,
    clock: options.clock ?? systemClock,
  };
}

/** Whatever prints the settings shows no secret. */
function secretOf(secret: Secret | string | undefined): Secret | undefined {
  return typeof secret === 'string' ? new Secret(secret) : secret;
}

function serverProblems({ issuer, introspectionEndpoint, allowPlaintext }: IntrospectionAuthenticatorOptions) {
  if (introspectionEndpoint === undefined) return [urlProblem('issuer', issuer, allowPlaintext)];
  return [
    isText(issuer) ? undefined : 'issuer must be the authorization server.',
    urlProblem('introspectionEndpoint', introspectionEndpoint, allowPlaintext),
  ];
}

function clientProblems(options: IntrospectionAuthenticatorOptions) {
  const { clientId, clientKeyId, clientKeyAlgorithm } = options;
  const [secret, key] = [options.clientSecret, options.clientKey].map((value) =>
    value instanceof Secret ? value.reveal() : value,
  );
  return [
    isText(clientId) ? undefined : 'clientId must name a client of the authorization server.',
    (secret === undefined) === (key === undefined) ? 'Either clientSecret or clientKey must be given.' : undefined,
    secret === undefined || isText(secret) ? undefined : 'clientSecret must be a secret.',
    key === undefined ? undefined : clientKeyProblem(key, clientKeyAlgorithm),
    key === undefined && (clientKeyId ?? clientKeyAlgorithm) !== undefined
      ? 'clientKeyId and clientKeyAlgorithm need a clientKey.'
      : undefined,
    clientKeyId === undefined || isText(clientKeyId) ? undefined : 'clientKeyId must be the name of a key.',
  ];
}

function tokenProblems({ audience, scopes, usernameClaim, groupsClaim, clockTolerance }: IntrospectionSettings) {
  const audiences = [audience].flat();
  return [
    audience === false || (audiences.length > 0 && audiences.every(isText))
      ? undefined
      : 'audience must name this service as the aud of the answers does, or be false.',
    scopes.every((scope) => typeof scope === 'string' && /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope))
      ? undefined
      : 'scope must be a scope, or a list of such, each without a space.',
    claimPathProblem('usernameClaim', usernameClaim),
    groupsClaim === undefined ? undefined : claimPathProblem('groupsClaim', groupsClaim),
    Number.isSafeInteger(clockTolerance) && clockTolerance >= 0 && clockTolerance <= MAX_CLOCK_TOLERANCE
      ? undefined
      : `clockTolerance must be an integer of 0 to ${MAX_CLOCK_TOLERANCE} milliseconds.`,
  ];
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
