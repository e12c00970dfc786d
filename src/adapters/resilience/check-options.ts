import { ConfigurationError } from '../../model/errors.js';
import { unknownOptions } from '../../model/known-options.js';
import type { BreakerOptions } from './breaker-options.js';
import type { CacheOptions } from './cached.js';
import type { ResilienceOptions } from './resilient.js';

const RESILIENCE = ['deadline', 'breaker', 'maxConcurrent', 'maxQueued', 'retries', 'retryDelay', 'retryWhen'];
const BREAKER = ['failures', 'failureRate', 'outOf', 'openFor'];
const CACHE = ['ttl', 'maxEntries'];

/** A changed password works on for so long; more would be no cache but a second backend. */
const LONGEST_TTL = 300_000;

/** @throws ConfigurationError with every problem */
export function checkResilienceOptions(backend: object, options: ResilienceOptions): void {
  const isPort = ['authenticate', 'authorize'].some((method) => isFunction(backend, method));
  const { deadline, breaker, maxConcurrent, maxQueued, retries, retryDelay } = options;
  fail('resilient', [
    isPort ? '' : 'resilient needs an authenticator or an authorizer.',
    ...unknownOptions('resilient', options, [...RESILIENCE, 'onStateChange', 'clock']),
    whole('deadline', deadline, 1),
    whole('maxConcurrent', maxConcurrent, 1),
    whole('maxQueued', maxQueued, 0),
    whole('retries', retries, 0),
    whole('retryDelay', retryDelay, 0),
    ...(breaker ? breakerProblems(breaker) : []),
  ]);
}

/** @throws ConfigurationError with every problem */
export function checkCacheOptions(backend: object, { ttl, maxEntries, ...rest }: CacheOptions): void {
  fail('cached', [
    isFunction(backend, 'authenticate') ? '' : 'cached needs an authenticator.',
    ...unknownOptions('cached', rest, [...CACHE, 'clock']),
    whole('ttl', ttl, 1, LONGEST_TTL),
    whole('maxEntries', maxEntries, 1),
  ]);
}

function breakerProblems(breaker: BreakerOptions): string[] {
  const { failures, failureRate, outOf, openFor } = breaker;
  const isShare = failureRate === undefined || (failureRate > 0 && failureRate < 1);
  return [
    ...unknownOptions('breaker', breaker, BREAKER),
    whole('breaker.failures', failures, 1),
    whole('breaker.outOf', outOf, 1),
    whole('breaker.openFor', openFor, 1),
    isShare ? '' : 'breaker.failureRate is above 0 and below 1.',
    failures !== undefined && failureRate !== undefined ? 'breaker has either failures or failureRate.' : '',
    outOf !== undefined && failureRate === undefined ? 'breaker.outOf goes with failureRate.' : '',
  ];
}

function whole(option: string, value: number | undefined, least: number, most = 2 ** 31 - 1): string {
  const isFit = value === undefined || (Number.isInteger(value) && value >= least && value <= most);
  return isFit ? '' : `${option} is a whole number from ${least} to ${most}, and not ${value}.`;
}

function isFunction(value: object, method: string): boolean {
  return typeof (value as Record<string, unknown> | null | undefined)?.[method] === 'function';
}

function fail(what: string, sentences: readonly string[]): void {
  const problems = sentences.filter((sentence) => sentence !== '');
  if (problems.length > 0) throw new ConfigurationError(`${what} cannot work: ${problems.join(' ')}`, { problems });
}
