import { randomBytes } from 'node:crypto';
import { BackendFaultError, ClosedError } from '../../model/errors.js';
import { Secret } from '../../model/secret.js';
import { withDeadline } from '../../model/with-deadline.js';
import type { AuthenticationOutcome, Authenticator, CallOptions, DenialCause } from '../ports.js';
import { denialOf, STATE_ATTRIBUTES } from './ldap/bind-verdict.js';
import { Call } from './ldap/call.js';
import { checkOptions } from './ldap/check-options.js';
import type { Query } from './ldap/connection.js';
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
  const { name, userDnTemplate: template = '', usernameAttribute, attributes } = settings;
  const verify = settings.userDnTemplate === undefined ? searchThenBind : bindByTemplate;
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
    const entry = theOnly(await search(userQuery(username)));
    const user = entry && usernameOf(entry);
    if (entry === undefined || user === undefined || !isSpeltAs(user, username)) {
      await directory.bind(call, settings.decoyDn, decoySecret, (answer) => denialOf(name, answer));
      return denied(entry === undefined ? 'unknownUser' : 'otherSpelling');
    }
    const cause = await directory.bind(call, entry.dn, secret, (answer) => denialOf(name, answer, entry));
    return cause === undefined ? identify(search, entry, user) : denied(cause);
  }

  function userQuery(username: string): Query {
    const { userFilter } = settings;
    return {
      base: settings.userBase ?? '',
      scope: settings.userScope,
      filter: userFilter ? fillFilter(userFilter, { username }) : { attribute: usernameAttribute, value: username },
      attributes: wanted,
    };
  }

  /** @throws BackendFaultError if more than one entry has the name */
  function theOnly([entry, another]: readonly DirectoryEntry[]): DirectoryEntry | undefined {
    if (another === undefined) return entry;
    throw new BackendFaultError(
      `${name} found a user name more than once, and cannot say who is meant. Make userFilter find one entry.`,
    );
  }

  async function bindByTemplate(call: Call, username: string, secret: Secret): Promise<AuthenticationOutcome> {
    const dn = template.replaceAll('{username}', () => escapeDnValue(username));
    return directory.bind(call, dn, secret, async (answer, searchAsUser) => {
      const cause = denialOf(name, answer);
      if (cause !== undefined) return denied(cause);
      const search: Search = usersReadThemselves ? searchAsUser : (query) => directory.search(call, query);
      const entry = await readEntry(search, dn);
      const user = usernameOf(entry);
      return isSpeltAs(user, username) ? identify(search, entry, user) : denied('otherSpelling');
    });
  }

  async function readEntry(search: Search, dn: string): Promise<DirectoryEntry> {
    const [entry] = await search({ base: dn, scope: 'base', attributes: wanted });
    if (entry !== undefined) return entry;
    const why = usersReadThemselves ? 'users may not read their own. Give a bindDn that may' : 'bindDn may not read it';
    throw new BackendFaultError(`${name} cannot read the entry of a user: ${why}.`);
  }

  async function identify(search: Search, entry: DirectoryEntry, user: string): Promise<AuthenticationOutcome> {
    const groups = settings.groups && (await groupsOf(search, entry, user, settings.groups));
    return {
      outcome: 'authenticated',
      user,
      ...(groups && { groups }),
      ...(attributes.length > 0 && { claims: claimsOf(entry) }),
    };
  }

  function claimsOf(entry: DirectoryEntry): Record<string, string | readonly string[]> {
    const claims = attributes.flatMap((attribute) => {
      const values = entry.valuesOf(attribute);
      return values.length === 0 ? [] : [[attribute, values.length === 1 ? values[0] : values]];
    });
    return Object.fromEntries(claims);
  }

  /** Guesses are counted by the name that is asserted: if any spelling would do, nobody could count them. */
  function isSpeltAs(user: string, username: string): boolean {
    return settings.anySpelling || user === username;
  }

  /** A name that could be one of several would be several users to the session manager. */
  function usernameOf(entry: DirectoryEntry): string {
    const values = entry.valuesOf(usernameAttribute);
    const [value] = values;
    if (value !== undefined && values.length === 1) return value;
    const own = ownNameOf(entry.dn, usernameAttribute);
    if (own !== undefined && values.includes(own)) return own;
    throw new BackendFaultError(
      `${name} found ${values.length} values of ${usernameAttribute} for one user. Set usernameAttribute to one that each user has once, and that may be read.`,
    );
  }

  function withinTimeout<Result>(what: string, caller: CallOptions, run: (call: Call) => Promise<Result>) {
    const { timeout, directory } = settings;
    return withDeadline(directory.clock, timeout, `${name}.${what}`, (deadline) => {
      return run(new Call(caller, deadline));
    });
  }

  return {
    name,

    async authenticate({ username, secret }, caller) {
      if (isClosed) throw new ClosedError(name);
      if (!canBeAsserted(secret.reveal())) return denied('wrongSecret');
      if (!canBeAsserted(username)) return denied('unknownUser');
      return withinTimeout('authenticate', caller, (call) => verify(call, username, secret));
    },

    async probe(caller) {
      if (isClosed) throw new ClosedError(name);
      await withinTimeout('probe', caller, async (call) => {
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
