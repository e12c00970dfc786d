import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { ldapAuthenticator } from '../../adapters/authenticators/ldap.js';
import { count, file, flag, milliseconds, secretSource, text, texts } from '../settings.js';
import { authenticatorBackend, given } from './backend.js';

const schema = z.strictObject({
  type: z.literal('ldap'),
  url: z
    .union([text('A server.'), texts('The servers, the best first.').min(1)])
    .describe('The servers of the directory, the best first: ldaps://ldap.example.com.'),
  startTls: flag(false, 'Secures connections to ldap:// by StartTLS before anything is said over them.'),
  ca: file(
    "The certificates, in PEM, of the CAs that sign the servers'. By default the CAs that Node trusts.",
  ).optional(),
  allowPlaintext: flag(false, 'Lets secrets go in clear over the network, to an ldap:// server on another machine.'),
  bindDn: text('The DN of the account that searches. By default nobody: searches are anonymous.').optional(),
  bindPassword: secretSource('The password of that account.').optional(),
  userBase: text('The DN below which users are searched. Either this or userDnTemplate is needed.').optional(),
  userScope: z.enum(['one', 'sub']).describe('Right below userBase, or anywhere below it.').optional(),
  userFilter: text('The filter that finds a user, with {username} where the name goes.').optional(),
  userDnTemplate: text(
    'The DN of a user, with {username} where the name goes. Users are not searched then.',
  ).optional(),
  usernameAttribute: text("The attribute with the user's name.").default('uid'),
  anySpelling: flag(false, 'Lets a user be asserted by another spelling of the name, each with a count of guesses.'),
  attributes: texts('The attributes that become claims.').default([]),
  decoyDn: text('The DN that is bound to for a name that nobody has.').optional(),
  groups: z.enum(['memberOf', 'search']).describe("How a user's groups are found.").optional(),
  memberOfAttribute: text('The attribute with the DNs of the groups.').default('memberOf'),
  groupBase: text('The DN below which groups are.').optional(),
  groupFilter: text("The filter that finds a user's groups, with {dn} or {username}.").default('(member={dn})'),
  groupNameAttribute: text("The attribute with a group's name, or dn.").default('cn'),
  nestedGroups: z.int().min(0).max(20).default(0).describe('Through how many groups a user may be in another.'),
  timeout: milliseconds(4_000, 'So long one authentication may take in all.'),
  connectTimeout: milliseconds(1_500, 'So long it may take until a connection is ready.'),
  idleTimeout: milliseconds(60_000, 'So long a connection may be idle and be used again.'),
  retryAfter: milliseconds(30_000, 'So long a server that failed is put last.'),
  maxConnections: count(10, 'Connections for searches, and as many again for verifying secrets.'),
  maxQueued: count(200, 'How many may wait for a connection; more are refused as overloaded.', 0),
});

export const ldapBackend = authenticatorBackend({
  schema,
  async open({ type: _, url, ca, bindPassword, ...settings }, { name, clock, readSecret }) {
    const read = {
      ca: ca && (await readFile(ca, 'utf8')),
      bindPassword: bindPassword && (await readSecret(bindPassword)),
    };
    return ldapAuthenticator({ url, clock, ...given({ ...settings, ...read, name }) });
  },
});
