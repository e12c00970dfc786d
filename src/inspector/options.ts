import { isIP } from 'node:net';
import { type Clock, ConfigurationError, systemClock } from '../index.js';
import { newToken } from './access.js';

/** Options of {@link inspector}. */
export interface InspectorOptions {
  /** The TCP port; 0 takes a free one. @defaultValue 3013, or the first after it that is free */
  port?: number;
  /** The IP address or name to listen on. @defaultValue `'127.0.0.1'`: only this machine can reach it */
  host?: string;
  /** Names, beside `localhost` and addresses, by which a browser may reach the page: behind a proxy. @defaultValue none */
  hostNames?: readonly string[];
  /**
   * Listens where others than this machine can reach it, without TLS. Only behind something that ends TLS.
   *
   * @defaultValue false
   */
  allowPlaintext?: boolean;
  /** What opens the page: at least 32 characters. @defaultValue 256 random bits, new for each inspector */
  token?: string;
  /**
   * Inits in a second that are shown with every event, while somebody looks. They run in XState's own actor, which takes
   * some 200 us more for each. All others show their phases. @defaultValue 100
   */
  sampling?: number;
  /** Inits in a second that are shown at all; more are only counted, successes first. @defaultValue 1_000 */
  maxInitsPerSecond?: number;
  /** Inits that are kept while nobody looks, for whoever comes to see what has just happened. @defaultValue 200 */
  keep?: number;
  /** @defaultValue {@link systemClock} */
  clock?: Clock;
}

/** The options, checked, with every default in place. */
export interface InspectorSettings {
  /** One after the other, until one is free. */
  readonly ports: readonly number[];
  readonly host: string;
  readonly hostNames: ReadonlySet<string>;
  readonly token: string;
  readonly sampling: number;
  readonly maxInitsPerSecond: number;
  readonly keep: number;
  readonly clock: Clock;
}

/** Beside the server's 3012. So many, and then any: a bookmark serves, and two services on one machine do, too. */
const USUAL_PORTS = [...Array.from({ length: 10 }, (_, index) => 3_013 + index), 0];
const SHORTEST_TOKEN = 32;
const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];

/** @throws ConfigurationError with every problem of the options */
export function resolveInspectorOptions(options: InspectorOptions): InspectorSettings {
  const { port, host = '127.0.0.1', hostNames = [], allowPlaintext = false, token = newToken() } = options;
  const { sampling = 100, maxInitsPerSecond = 1_000, keep = 200, clock = systemClock } = options;
  const problems: string[] = [];
  const requireNumber = (name: string, value: number, least: number, most: number) => {
    if (Number.isInteger(value) && value >= least && value <= most) return;
    problems.push(`${name} must be a whole number from ${least} to ${most}, and is ${value}.`);
  };
  if (port !== undefined) requireNumber('port', port, 0, 65_535);
  requireNumber('sampling', sampling, 0, 1_000_000);
  requireNumber('maxInitsPerSecond', maxInitsPerSecond, 1, 1_000_000);
  requireNumber('keep', keep, 0, 100_000);
  if (token.length < SHORTEST_TOKEN || !/^[\w.~-]*$/.test(token)) {
    problems.push(`token must have at least ${SHORTEST_TOKEN} characters, of letters, digits and -._~ only.`);
  }
  if (!allowPlaintext && !isLoopback(host)) {
    problems.push(
      `host ${JSON.stringify(host)} can be reached from elsewhere, and there is no TLS: set allowPlaintext if ` +
        'something in front of it ends TLS.',
    );
  }
  for (const name of hostNames) {
    if (!/^[a-z\d](?:[a-z\d.-]*[a-z\d])?$/i.test(name)) {
      problems.push(`hostNames: ${JSON.stringify(name)} is no host name such as inspector.example.org.`);
    }
  }
  if (problems.length > 0) throw new ConfigurationError(problems.join(' '), { problems });
  const named = isIP(host) === 6 ? `[${host}]` : host;
  const names = new Set([...LOOPBACK, named, ...hostNames].map((name) => name.toLowerCase()));
  const ports = port === undefined ? USUAL_PORTS : [port];
  return { ports, host, hostNames: names, token, sampling, maxInitsPerSecond, keep, clock };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
