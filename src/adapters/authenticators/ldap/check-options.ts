import { createSecureContext } from 'node:tls';
import { systemClock } from '../../../model/clock.js';
import { ConfigurationError } from '../../../model/errors.js';
import { unknownOptions } from '../../../model/known-options.js';
import { Secret } from '../../../model/secret.js';
import { certificatesProblem } from '../../option-problems.js';
import { ServerList } from '../../server-list.js';
import type { DirectoryOptions } from './directory.js';
import { isDn } from './distinguished-names.js';
import { isFilter } from './fill-filter.js';
import type { GroupOptions } from './groups-of.js';
import type { LdapAuthenticatorOptions } from './options.js';
import { isLoopback, type LdapServer, parseServer } from './server.js';

const KNOWN = [
  'url name startTls ca allowPlaintext bindDn bindPassword timeout connectTimeout idleTimeout retryAfter',
  'userBase userScope userFilter userDnTemplate usernameAttribute anySpelling attributes decoyDn',
  'groups memberOfAttribute groupBase groupFilter groupNameAttribute nestedGroups',
  'maxConnections maxQueued clock',
].flatMap((options) => options.split(' '));

const MAX_NESTED_GROUPS = 20;
const LONGEST_WAIT = 2 ** 31 - 1;

/** The options with their defaults. */
export interface LdapSettings {
  readonly name: string;
  readonly timeout: number;
  readonly directory: DirectoryOptions;
  readonly userBase: string | undefined;
  readonly userScope: 'one' | 'sub';
  /** Undefined if `usernameAttribute` must equal the name. */
  readonly userFilter: string | undefined;
  readonly userDnTemplate: string | undefined;
  readonly usernameAttribute: string;
  readonly anySpelling: boolean;
  readonly attributes: readonly string[];
  readonly decoyDn: string;
  readonly groups: GroupOptions | undefined;
}

/** @throws ConfigurationError with every problem */
export function checkOptions(options: LdapAuthenticatorOptions): LdapSettings {
  const name = options.name ?? 'ldap';
  const settings = withDefaults(options);
  const servers = [options.url].flat().map((url) => ({ url, server: parseServer(String(url)) }));
  const problems = [
    ...unknownOptions('ldapAuthenticator', options, KNOWN),
    ...servers.map(({ url, server }) =>
      server === undefined ? `url must be ldap:// or ldaps:// with a host${shownUrl(url)}.` : '',
    ),
    servers.length > 0 ? '' : 'url must name a server.',
    ...transportProblems(
      options,
      servers.flatMap(({ server }) => server ?? []),
    ),
    ...accountProblems(options),
    ...userProblems(options, settings),
    ...groupProblems(options, settings),
    ...numberProblems(settings),
  ].filter((problem) => problem !== '');
  if (problems.length > 0) throw new ConfigurationError(`${name} cannot work: ${problems.join(' ')}`, { problems });

  const { clock, retryAfter, bindPassword } = settings;
  const { bindDn, userBase } = options;
  return {
    ...settings,
    name,
    userBase,
    userFilter: options.userFilter,
    userDnTemplate: options.userDnTemplate,
    decoyDn: options.decoyDn ?? `cn=session-init-decoy,${userBase}`,
    groups: options.groups && { ...settings, groups: options.groups, groupBase: options.groupBase },
    directory: {
      ...settings,
      name,
      servers: new ServerList(
        servers.flatMap(({ server }) => server ?? []),
        retryAfter,
        clock,
      ),
      tls: createSecureContext({ minVersion: 'TLSv1.2', ...(options.ca && { ca: [options.ca].flat() }) }),
      timeLimit: Math.ceil(settings.timeout / 1000),
      serviceAccount: bindDn === undefined ? undefined : { dn: bindDn, password: bindPassword },
      restAfterRefusal: retryAfter,
    },
  };
}

function withDefaults(options: LdapAuthenticatorOptions) {
  const { usernameAttribute = 'uid', bindPassword = '' } = options;
  return {
    startTls: options.startTls ?? false,
    bindPassword: typeof bindPassword === 'string' ? new Secret(bindPassword) : bindPassword,
    userScope: options.userScope ?? 'sub',
    usernameAttribute,
    anySpelling: options.anySpelling ?? false,
    attributes: options.attributes ?? [],
    memberOfAttribute: options.memberOfAttribute ?? 'memberOf',
    groupFilter: options.groupFilter ?? '(member={dn})',
    groupNameAttribute: options.groupNameAttribute ?? 'cn',
    nestedGroups: options.nestedGroups ?? 0,
    timeout: options.timeout ?? 4_000,
    connectTimeout: options.connectTimeout ?? 1_500,
    idleTimeout: options.idleTimeout ?? 60_000,
    retryAfter: options.retryAfter ?? 30_000,
    maxConnections: options.maxConnections ?? 10,
    maxQueued: options.maxQueued ?? 200,
    clock: options.clock ?? systemClock,
  };
}

type Defaulted = ReturnType<typeof withDefaults>;

function transportProblems(
  { startTls, allowPlaintext, ca }: LdapAuthenticatorOptions,
  servers: readonly LdapServer[],
): string[] {
  const inClear = servers.filter((server) => !server.isLdaps && !startTls && !isLoopback(server));
  return [
    startTls && servers.some(({ isLdaps }) => isLdaps) ? 'startTls is for ldap://; ldaps:// has TLS already.' : '',
    ...(allowPlaintext
      ? []
      : inClear.map(
          ({ url }) => `Secrets would go to ${url} in clear. Use ldaps:// or startTls, or say allowPlaintext.`,
        )),
    ca === undefined ? '' : certificatesProblem('ca', ca),
  ];
}

function accountProblems({ bindDn, bindPassword }: LdapAuthenticatorOptions): string[] {
  const password = bindPassword instanceof Secret ? bindPassword.reveal() : (bindPassword ?? '');
  return [
    bindDn === '' ? 'bindDn must name an account.' : '',
    // A bind without a password is one of nobody, and succeeds on many servers.
    bindDn === undefined || password !== '' ? '' : 'bindDn needs a bindPassword.',
    bindDn !== undefined || bindPassword === undefined ? '' : 'bindPassword needs a bindDn.',
  ];
}

function userProblems(options: LdapAuthenticatorOptions, { usernameAttribute, attributes }: Defaulted) {
  const { userBase, userDnTemplate: template, userScope, userFilter, decoyDn } = options;
  const isTemplate = template !== undefined;
  return [
    isTemplate === (userBase === undefined) ? '' : 'Either userBase or userDnTemplate must be given.',
    isTemplate && (userScope ?? userFilter ?? decoyDn) !== undefined
      ? 'userScope, userFilter and decoyDn need userBase: with userDnTemplate users are not searched.'
      : '',
    userBase === undefined || isDn(userBase) ? '' : 'userBase must be a distinguished name.',
    decoyDn === undefined || isDn(decoyDn) ? '' : 'decoyDn must be a distinguished name.',
    !isTemplate || (isDn(template) && hasPlaceholder(template, 'username'))
      ? ''
      : 'userDnTemplate must be a distinguished name with {username} in it.',
    userFilter === undefined || (isFilter(userFilter) && hasPlaceholder(userFilter, 'username'))
      ? ''
      : 'userFilter must be a filter with {username} in it.',
    userScope === undefined || ['one', 'sub'].includes(userScope) ? '' : 'userScope must be one or sub.',
    isAttribute(usernameAttribute) ? '' : 'usernameAttribute must be the name of an attribute.',
    attributes.every(isAttribute) ? '' : 'attributes must be names of attributes.',
  ];
}

function groupProblems({ groups, groupBase }: LdapAuthenticatorOptions, settings: Defaulted): string[] {
  const { memberOfAttribute, groupFilter, groupNameAttribute, nestedGroups } = settings;
  const hasDn = hasPlaceholder(groupFilter, 'dn');
  return [
    groups === undefined || ['memberOf', 'search'].includes(groups) ? '' : 'groups must be memberOf or search.',
    groups === 'search' && groupBase === undefined ? 'A search for groups needs a groupBase.' : '',
    groupBase === undefined || isDn(groupBase) ? '' : 'groupBase must be a distinguished name.',
    isFilter(groupFilter) && (hasDn || hasPlaceholder(groupFilter, 'username'))
      ? ''
      : 'groupFilter must be a filter with {dn} or {username} in it.',
    groups === 'search' && nestedGroups > 0 && !hasDn ? 'nestedGroups needs a groupFilter with {dn} in it.' : '',
    isAttribute(memberOfAttribute) ? '' : 'memberOfAttribute must be the name of an attribute.',
    isAttribute(groupNameAttribute) ? '' : 'groupNameAttribute must be the name of an attribute, or dn.',
    isInteger(nestedGroups, 0, MAX_NESTED_GROUPS) ? '' : `nestedGroups must be from 0 to ${MAX_NESTED_GROUPS}.`,
  ];
}

function numberProblems(settings: Defaulted): string[] {
  const milliseconds = ['timeout', 'connectTimeout', 'idleTimeout', 'retryAfter'] as const;
  return [
    ...milliseconds.map((option) =>
      isInteger(settings[option], 1, LONGEST_WAIT) ? '' : `${option} must be a positive integer of milliseconds.`,
    ),
    isInteger(settings.maxConnections, 1) ? '' : 'maxConnections must be a positive integer.',
    isInteger(settings.maxQueued, 0) ? '' : 'maxQueued must be 0 or a positive integer.',
  ];
}

function isInteger(value: number, least: number, most = Number.MAX_SAFE_INTEGER): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= most;
}

function hasPlaceholder(text: string, name: string): boolean {
  return text.includes(`{${name}}`);
}

/** As a directory names its attributes: `uid`, `cn;lang-en`, `2.5.4.3`. */
function isAttribute(name: string): boolean {
  return /^([a-z][\w-]*|\d+(\.\d+)+)(;[\w-]+)*$/i.test(name);
}

/** A URL, unless it may hold a secret. */
function shownUrl(url: unknown): string {
  const text = String(url);
  return text.includes('@') ? ', and no user or password in it' : `: ${text}`;
}
