import { resolve } from 'node:path';
import { type Clock, systemClock } from '../../../model/clock.js';
import { ConfigurationError } from '../../../model/errors.js';
import { unknownOptions } from '../../../model/known-options.js';
import type { UsedSteps } from '../../used-steps.js';
import type { TotpAuthenticatorOptions } from './options.js';
import { usedStepsInMemory } from './used-steps.js';

const KNOWN = [
  ...['secretOf', 'path', 'name', 'period', 'digits', 'algorithm', 'window'],
  ...['usedSteps', 'timeout', 'clock'],
];
const DIGITS: readonly unknown[] = [6, 7, 8];
const ALGORITHMS: readonly unknown[] = ['sha1', 'sha256', 'sha512'];

/** The options with their defaults. */
export interface TotpSettings {
  readonly name: string;
  /** Exactly one of the two is there. */
  readonly secretOf: TotpAuthenticatorOptions['secretOf'];
  readonly path: string | undefined;
  readonly period: number;
  readonly digits: number;
  readonly algorithm: 'sha1' | 'sha256' | 'sha512';
  readonly window: number;
  readonly usedSteps: UsedSteps;
  readonly timeout: number;
  readonly clock: Clock;
}

/** @throws ConfigurationError with every problem */
export function checkOptions(options: TotpAuthenticatorOptions): TotpSettings {
  const { secretOf, path, name = 'totp', timeout = 4_000, clock = systemClock } = options;
  const { period = 30, digits = 6, algorithm = 'sha1', window = 1, usedSteps = usedStepsInMemory(clock) } = options;
  const problems = [
    ...unknownOptions('totpAuthenticator', options, KNOWN),
    (secretOf === undefined) === (path === undefined) ? 'Give either secretOf or path.' : '',
    secretOf === undefined || typeof secretOf === 'function' ? '' : 'secretOf must be a function.',
    path === undefined || (typeof path === 'string' && path !== '') ? '' : 'path must be the path of a file.',
    isInteger(period, 1, 3_600) ? '' : 'period must be an integer of seconds from 1 to 3600.',
    DIGITS.includes(digits) ? '' : 'digits must be 6, 7 or 8.',
    ALGORITHMS.includes(algorithm) ? '' : 'algorithm must be sha1, sha256 or sha512.',
    isInteger(window, 0, 10) ? '' : 'window must be an integer from 0 to 10.',
    typeof usedSteps?.claim === 'function' ? '' : 'usedSteps must have a method claim.',
    isInteger(timeout, 1, 2 ** 31 - 1) ? '' : 'timeout must be a positive integer of milliseconds.',
  ].filter((problem) => problem !== '');
  if (problems.length > 0) throw new ConfigurationError(`${name} cannot work: ${problems.join(' ')}`, { problems });
  return {
    ...{ name, secretOf, period, digits, algorithm, window, usedSteps, timeout, clock },
    path: path === undefined ? undefined : resolve(path),
  };
}

function isInteger(value: number, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= most;
}
