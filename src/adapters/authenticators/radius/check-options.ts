import { hash } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import { type Clock, systemClock } from '../../../model/clock.js';
import { ConfigurationError } from '../../../model/errors.js';
import { unknownOptions } from '../../../model/known-options.js';
import { Secret } from '../../../model/secret.js';
import { ServerList } from '../../server-list.js';
import type { RadiusAuthenticatorOptions } from './options.js';
import { ATTRIBUTE, type Attribute, MAX_VALUE_BYTES } from './packet.js';
import { RadiusServer, type RadiusServerOptions } from './server.js';

const KNOWN = [
  ...['servers', 'name', 'nasIdentifier', 'nasIpAddress', 'groups'],
  ...['timeout', 'serverTimeout', 'retransmitAfter', 'retryAfter', 'maxInFlight', 'clock'],
];
const GROUP_ATTRIBUTES = { Class: ATTRIBUTE.class, 'Filter-Id': ATTRIBUTE.filterId };
const LONGEST_WAIT = 2 ** 31 - 1;

/** The options with their defaults. */
export interface RadiusSettings {
  readonly name: string;
  readonly servers: readonly RadiusServer[];
  readonly order: ServerList<RadiusServer>;
  /** How this client calls itself in every request. */
  readonly client: readonly Attribute[];
  /** The attribute with the groups. */
  readonly groups: number | undefined;
  readonly timeout: number;
  readonly serverTimeout: number;
  readonly retransmitAfter: number;
  readonly maxInFlight: number;
  readonly clock: Clock;
}

/** @throws ConfigurationError with every problem */
export function checkOptions(options: RadiusAuthenticatorOptions): RadiusSettings {
  const { name = 'radius', nasIdentifier = 'session-init', nasIpAddress, groups, clock = systemClock } = options;
  const { timeout = 4_000, serverTimeout = 2_000, retransmitAfter = 1_000, retryAfter = 30_000 } = options;
  const { maxInFlight = 1_024 } = options;
  const given = Array.isArray(options.servers) ? options.servers : [];
  const problems = [
    ...unknownOptions('radiusAuthenticator', options, KNOWN),
    given.length > 0 ? '' : 'servers must name a server.',
    ...given.flatMap((server: RadiusServerOptions, index) => serverProblems(server, `servers[${index}]`)),
    isValue(nasIdentifier) ? '' : `nasIdentifier must be text of 1 to ${MAX_VALUE_BYTES} bytes.`,
    nasIpAddress === undefined || isIPv4(nasIpAddress) ? '' : 'nasIpAddress must be an IPv4 address.',
    groups === undefined || Object.hasOwn(GROUP_ATTRIBUTES, groups) ? '' : 'groups must be Class or Filter-Id.',
    ...Object.entries({ timeout, serverTimeout, retransmitAfter, retryAfter }).map(([option, value]) =>
      isInteger(value, LONGEST_WAIT) ? '' : `${option} must be a positive integer of milliseconds.`,
    ),
    isInteger(maxInFlight, Number.MAX_SAFE_INTEGER) ? '' : 'maxInFlight must be a positive integer.',
    hasMd5() ? '' : 'RADIUS needs MD5, which this Node does not have: it runs in FIPS mode.',
  ].filter((problem) => problem !== '');
  if (problems.length > 0) throw new ConfigurationError(`${name} cannot work: ${problems.join(' ')}`, { problems });

  const servers = given.map((server: RadiusServerOptions) => new RadiusServer(server));
  return {
    ...{ name, servers, timeout, serverTimeout, retransmitAfter, maxInFlight, clock },
    order: new ServerList(servers, retryAfter, clock),
    client: [
      { type: ATTRIBUTE.nasIdentifier, value: Buffer.from(nasIdentifier) },
      ...(nasIpAddress === undefined
        ? []
        : [{ type: ATTRIBUTE.nasIpAddress, value: Buffer.from(nasIpAddress.split('.').map(Number)) }]),
    ],
    groups: groups && GROUP_ATTRIBUTES[groups],
  };
}

function serverProblems(server: RadiusServerOptions, place: string): string[] {
  const { host, port = 1_812, secret } = server;
  return [
    ...unknownOptions(place, server, ['host', 'port', 'secret']),
    isHost(host) ? '' : `${place}.host must be a name or an address, and no more.`,
    isInteger(port, 65_535) ? '' : `${place}.port must be an integer from 1 to 65535.`,
    (secret instanceof Secret ? secret.reveal() : (secret ?? '')) !== ''
      ? ''
      : `${place}.secret must be the secret that the server shares with this client.`,
  ];
}

function hasMd5(): boolean {
  try {
    return hash('md5', '') !== '';
  } catch {
    return false;
  }
}

/** Not a URL, and no port. */
function isHost(host: unknown): boolean {
  return typeof host === 'string' && (isIPv6(host) || /^[\w.-]+$/.test(host));
}

function isValue(text: unknown): boolean {
  return typeof text === 'string' && text !== '' && Buffer.byteLength(text) <= MAX_VALUE_BYTES;
}

function isInteger(value: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= 1 && value <= most;
}
