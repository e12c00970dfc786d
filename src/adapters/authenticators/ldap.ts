import { randomBytes } from 'node:crypto';
import { BackendFaultError, ClosedError } from '../../model/errors.js';
import { Secret } from '../../model/secret.js';
import { withDeadline } from '../../model/with-deadline.js';
import type { AuthenticationOutcome, Authenticator, CallOptions, DenialCause } from '../ports.js';
import { denialOf, STATE_ATTRIBUTES } from './ldap/bind-verdict.js';
import { checkOptions } from './ldap/check-options.js';
import type { Call } from './ldap/connection-pool.js';
import { openDirectory, type Search } from './ldap/directory.js';
import type { DirectoryEntry } from './ldap/directory-entry.js';
import { escapeDnValue, ownNameOf } from './ldap/distinguished-names.js';
import { fillFilter } from './ldap/fill-filter.js';
import { groupsOf } from './ldap/groups-of.js';
import type { LdapAuthenticatorOptions } from './ldap/options.js';

export type { LdapAuthenticatorOptions } from './ldap/options.js';

/** An authenticator whose users are in a directory. */
export interface LdapAuthenticator extends Authenticator {
  /** Asks the directory for the entry at `userBase`, or with `userDnTemplate` for a bind that it must refuse. */
  probe(options: CallOptions): Promise<void>;
  /** Ends every connection. */
  close(): Promise<void>;
}

/**
 * Authenticates against an LDAP directory: OpenLDAP, Active Directory, 389 Directory Server. A user's entry is searched
 * by a service account, and its DN bound with the user's secret; or the DN is made from a template and bound at once.
 *
 * A secret is refused, as `wrongSecret`, by result 49 alone; where a directory says that an account is locked, disabled or
 * expired, the cause says so, too. Every other result, and a server that is slow, gone or garbled, is a fault. An empty
 * secret is refused before it gets to a server, where it would be a bind of nobody, which succeeds. For a name that nobody
 * has a bind is made, too, so that it takes as long as a wrong secret. A user's bind is sent once, to one server.
 *
 * @throws ConfigurationError with every problem of the options
 *
 * @example
 * ```ts
 * import { ldapAuthenticator } from 'session-init/adapters/ldap';
 *
 * const authenticator = ldapAuthenticator({
 *   url: ['ldaps://ldap1.example.com', 'ldaps://ldap2.example.com'],
 *   bindDn: 'cn=session-init,ou=services,dc=example,dc=com',
 *   bindPassword: process.env['LDAP_PASSWORD'] ?? '',
 *   userBase: 'ou=people,dc=example,dc=com',
 *   groups: 'memberOf',
 * });
 * ```
 */
export function ldapAuthenticator(options: LdapAuthenticatorOptions): LdapAuthenticator {
  const settings = checkOptions(options);
  const { name, userDnTemplate, usernameAttribute, attributes } = settings;
  const directory = openDirectory(settings.directory);
  const usersReadThemselves = settings.directory.serviceAccount === undefined;
  const decoySecret = new Secret(randomBytes(24).toString('hex'));
  const wanted = [
    ...new Set([
      usernameAttribute,
      ...attributes,
      ...STATE_ATTRIBUTES,
      ...(settings.groups?.groups === 'memberOf' ? [settings.groups.memberOfAttribute] : []),
    ]),
  ];
  let isClosed = false;

  async function searchThenBind(call: Call, username: string, secret: Secret): Promise<AuthenticationOutcome> {
    const search: Search = (query) => directory.search(call, query);
    const user = await findUser(search, username);
    const [dn, asserted] = user === undefined ? [settings.decoyDn, decoySecret] : [user.dn, secret];
    const cause = await directory.bind(call, dn, asserted, (answer) => denialOf(name, answer, user));
    if (user === undefined) return denied('unknownUser');
    return cause === undefined ? identify(search, user) : denied(cause);
  }

  /** @throws BackendFaultError if more than one entry has the name */
  async function findUser(search: Search, username: string): Promise<DirectoryEntry | undefined> {
    const [user, another] = await search({
      base: settings.userBase ?? '',
      scope: settings.userScope,
      filter: fillFilter(settings.userFilter, { username }),
      attributes: wanted,
    });
    if (another === undefined) return user;
    throw new BackendFaultError(
      `${name} found a user name more than once, and cannot say who is meant. Make userFilter find one entry.`,
    );
  }

  async function bindByTemplate(call: Call, template: string, username: string, secret: Secret) {
    const dn = template.replaceAll('{username}', () => escapeDnValue(username));
    return directory.bind(call, dn, secret, async (answer, searchAsUser) => {
      const cause = denialOf(name, answer);
      if (cause !== undefined) return denied(cause);
      const search: Search = usersReadThemselves ? searchAsUser : (query) => directory.search(call, query);
      return identify(search, await readUser(search, dn));
    });
  }

  async function readUser(search: Search, dn: string): Promise<DirectoryEntry> {
    const [user] = await search({ base: dn, scope: 'base', attributes: wanted });
    if (user !== undefined) return user;
    const why = usersReadThemselves ? 'users may not read their own. Give a bindDn that may' : 'bindDn may not read it';
    throw new BackendFaultError(`${name} cannot read the entry of a user: ${why}.`);
  }

  async function identify(search: Search, user: DirectoryEntry): Promise<AuthenticationOutcome> {
    const username = usernameOf(user);
    const groups = settings.groups && (await groupsOf(search, user, username, settings.groups));
    return {
      outcome: 'authenticated',
      user: username,
      ...(groups && { groups }),
      ...(attributes.length > 0 && { claims: claimsOf(user) }),
    };
  }

  function claimsOf(user: DirectoryEntry): Record<string, string | readonly string[]> {
    const claims = attributes.flatMap((attribute) => {
      const values = user.valuesOf(attribute);
      return values.length === 0 ? [] : [[attribute, values.length === 1 ? values[0] : values]];
    });
    return Object.fromEntries(claims);
  }

  /** A name that could be one of several would be several users to the session manager. */
  function usernameOf(entry: DirectoryEntry): string {
    const values = entry.valuesOf(usernameAttribute);
    const [value] = values;
    const own = ownNameOf(entry.dn, usernameAttribute);
    if (own !== undefined && values.includes(own)) return own;
    if (value !== undefined && values.length === 1) return value;
    throw new BackendFaultError(
      `${name} found ${values.length} values of ${usernameAttribute} for one user. Set usernameAttribute to one that each user has once, and that may be read.`,
    );
  }

  function withinTimeout<Result>(what: string, { signal }: CallOptions, run: (call: Call) => Promise<Result>) {
    if (isClosed) throw new ClosedError(name);
    const { timeout, directory } = settings;
    return withDeadline(directory.clock, timeout, `${name}.${what}`, (own) =>
      run({ deadline: own.signal, caller: signal }),
    );
  }

  return {
    name,

    async authenticate({ username, secret }, callOptions) {
      return withinTimeout('authenticate', callOptions, async (call) => {
        if (!canBeAsserted(secret.reveal())) return denied('wrongSecret');
        if (!canBeAsserted(username)) return denied('unknownUser');
        return userDnTemplate === undefined
          ? searchThenBind(call, username, secret)
          : bindByTemplate(call, userDnTemplate, username, secret);
      });
    },

    async probe(callOptions) {
      await withinTimeout('probe', callOptions, async (call) => {
        const base = settings.userBase;
        if (base !== undefined) {
          const [found] = await directory.search(call, { base, scope: 'base', attributes: ['1.1'] });
          if (found === undefined) throw new BackendFaultError(`${name} finds no entry at userBase, ${base}.`);
        }
        const nobody = settings.userDnTemplate?.replaceAll('{username}', 'session-init-decoy') ?? settings.decoyDn;
        await directory.bind(call, nobody, decoySecret, (answer) => denialOf(name, answer));
      });
    },

    async close() {
      isClosed = true;
      directory.close();
    },
  };
}

function denied(cause: DenialCause): AuthenticationOutcome {
  return { outcome: 'denied', cause };
}

/** A lone surrogate would be sent as U+FFFD, and so be the same as another. */
function canBeAsserted(text: string): boolean {
  return text !== '' && text.isWellFormed();
}
