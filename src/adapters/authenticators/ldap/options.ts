import type { Clock } from '../../../model/clock.js';
import type { Secret } from '../../../model/secret.js';

/** Options of {@link ldapAuthenticator}. */
export interface LdapAuthenticatorOptions {
  /**
   * The servers of the directory, the best first: `ldaps://ldap.example.com`, `ldap://10.0.0.1:1389`. One that fails is put
   * last for a while.
   */
  url: string | readonly string[];
  /** What the authenticator is called, in messages and in the paths of compositions. @defaultValue `'ldap'` */
  name?: string;
  /** Whether connections to `ldap://` are secured by StartTLS before anything is said over them. @defaultValue false */
  startTls?: boolean;
  /** The certificates, in PEM, of the CAs that sign the servers' certificates. @defaultValue the CAs that Node trusts */
  ca?: string | readonly string[];
  /**
   * Lets secrets go in clear over the network, to an `ldap://` server on another machine without StartTLS.
   *
   * @defaultValue false
   */
  allowPlaintext?: boolean;

  /** The DN of the account that searches. @defaultValue nobody: searches are anonymous */
  bindDn?: string;
  /** The password of that account. */
  bindPassword?: Secret | string;
  /** The DN below which users are searched. Either this or `userDnTemplate` must be given. */
  userBase?: string;
  /** How deep users are searched: right below `userBase`, or anywhere below it. @defaultValue `'sub'` */
  userScope?: 'one' | 'sub';
  /**
   * The filter that finds a user, with `{username}` where the name goes. A name that it finds twice is a fault: nobody
   * can say which one is meant.
   *
   * @defaultValue the `usernameAttribute` must equal the name: `(uid={username})`
   */
  userFilter?: string;
  /**
   * The DN of a user, with `{username}` where the name goes: `uid={username},ou=people,dc=example,dc=com`. Users are not
   * searched then. With `bindDn` that account reads the user's entry, else the user does.
   */
  userDnTemplate?: string;
  /**
   * The attribute with the user's name as the directory knows it, which becomes the session's user: `uid`,
   * `sAMAccountName`. Of several values it is the one in the user's DN.
   *
   * @defaultValue `'uid'`
   */
  usernameAttribute?: string;
  /**
   * Whether a user may be asserted by another spelling than the directory's, `ALICE` or ` alice` for `alice`, or by another
   * attribute that `userFilter` looks at. Directories take most spellings for the same. But guesses are counted by the name
   * that is asserted, so whoever guesses has a fresh count with each: have the directory lock accounts itself then.
   *
   * @defaultValue false
   */
  anySpelling?: boolean;
  /** The attributes that become `claims`: one value as a string, several as an array. What is no text is left out. */
  attributes?: readonly string[];
  /**
   * The DN that is bound to, and refused, for a name that nobody has. If the servers take long to verify a password, make
   * it an account with a password of the same kind that nobody knows, exempt from locking: an unknown user then takes as
   * long as a known one.
   *
   * @defaultValue a DN below `userBase` that is not there
   */
  decoyDn?: string;

  /**
   * How a user's groups are found: by an attribute of the user, or by a search for groups that have the user as a member.
   *
   * @defaultValue they are not looked for
   */
  groups?: 'memberOf' | 'search';
  /** The attribute with the DNs of the groups. @defaultValue `'memberOf'` */
  memberOfAttribute?: string;
  /** The DN below which groups are. A search needs it; with `memberOf` groups elsewhere are left out. */
  groupBase?: string;
  /** The filter that finds a user's groups, with `{dn}` or `{username}` for the user. @defaultValue `'(member={dn})'` */
  groupFilter?: string;
  /**
   * The attribute with a group's name. A group that has none, or with `memberOf` is not named by it, goes by its DN.
   * `'dn'` takes the DN of all groups: names need not be unique in a directory.
   *
   * @defaultValue `'cn'`
   */
  groupNameAttribute?: string;
  /** Through how many groups a user may be in another, at most 20. Each costs a search or more. @defaultValue 0 */
  nestedGroups?: number;

  /** Milliseconds that one authentication may take in all. @defaultValue 4000 */
  timeout?: number;
  /** Milliseconds until a connection must be ready, with TLS and the bind of `bindDn`. @defaultValue 1500 */
  connectTimeout?: number;
  /** Milliseconds after which a connection that was not used is not used again. @defaultValue 60000 */
  idleTimeout?: number;
  /**
   * Milliseconds for which a server that failed is put last, and a `bindDn` that was refused is not tried again.
   *
   * @defaultValue 30000
   */
  retryAfter?: number;
  /** How many connections there are at most for searches, and as many again for verifying secrets. @defaultValue 10 */
  maxConnections?: number;
  /** How many may wait for a connection of either kind, before an init is refused as `overloaded`. @defaultValue 200 */
  maxQueued?: number;
  /** @defaultValue the system's clock */
  clock?: Clock;
}
