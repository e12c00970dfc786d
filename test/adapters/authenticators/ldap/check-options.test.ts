import { describe, expect, test } from '@jest/globals';
import { parseServer } from '../../../../src/adapters/authenticators/ldap/server.js';
import { type LdapAuthenticatorOptions, ldapAuthenticator } from '../../../../src/adapters/authenticators/ldap.js';
import { ConfigurationError } from '../../../../src/model/errors.js';
import { Secret } from '../../../../src/model/secret.js';

const SOUND: LdapAuthenticatorOptions = { url: 'ldaps://ldap.example.com', userBase: 'ou=people,dc=example,dc=com' };

function problemsOf(options: Record<string, unknown>): readonly string[] {
  try {
    ldapAuthenticator({ ...SOUND, ...options } as LdapAuthenticatorOptions);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
}

describe('the options of ldapAuthenticator', () => {
  test.each<Record<string, unknown>>([
    {},
    { url: ['ldaps://a.example.com', 'ldaps://b.example.com:10636'] },
    { url: 'LDAPS://[2001:db8::1]:636/' },
    { url: 'ldap://ldap.example.com', startTls: true },
    { url: 'ldap://ldap.example.com', allowPlaintext: true },
    { url: ['ldap://localhost', 'ldap://127.0.0.1:1389', 'ldap://[::1]'] },
    { bindDn: 'jane@example.com', bindPassword: new Secret('x') },
    { userBase: undefined, userDnTemplate: 'cn={username}+uid={username},dc=example' },
    { groups: 'search', groupBase: 'dc=example', groupFilter: '(member:1.2.840.113556.1.4.1941:={dn})' },
    { usernameAttribute: 'sAMAccountName', attributes: ['cn;lang-en', '2.5.4.3'], nestedGroups: 20 },
  ])('%j can work', (options) => expect(problemsOf(options)).toEqual([]));

  test.each<[Record<string, unknown>, RegExp]>([
    [{ url: [] }, /^url must name a server/],
    [{ url: 'https://ldap.example.com' }, /^url must be ldap:/],
    [{ url: 'ldap.example.com' }, /^url must be ldap:/],
    [{ url: 'ldaps://user:pw@ldap.example.com' }, /^url must be ldap:.* no user or password in it\.$/],
    [{ url: 'ldaps://ldap.example.com/dc=example' }, /^url must be ldap:/],
    [{ url: 'ldaps://ldap.example.com:99999' }, /^url must be ldap:/],
    [{ url: undefined }, /^url must be ldap:/],
    [{ url: 'ldap://ldap.example.com' }, /^Secrets would go to ldap:\/\/ldap\.example\.com in clear\..*allowPlaintext/],
    [{ url: 'ldap://10.0.0.1' }, /in clear/],
    [{ url: 'ldap://127.example.com' }, /in clear/],
    [{ url: 'ldap://localhost.example.com' }, /in clear/],
    [{ startTls: true }, /^startTls is for ldap:/],
    [{ ca: 'no certificate' }, /^ca must hold certificates in PEM/],
    [{ bindDn: 'cn=x' }, /^bindDn needs a bindPassword/],
    [{ bindDn: 'cn=x', bindPassword: new Secret('') }, /^bindDn needs a bindPassword/],
    [{ bindPassword: 'x' }, /^bindPassword needs a bindDn/],
    [{ bindDn: '', bindPassword: 'x' }, /^bindDn must name an account/],
    [{ userBase: undefined }, /^Either userBase or userDnTemplate/],
    [{ userDnTemplate: 'uid={username},dc=x' }, /^Either userBase or userDnTemplate/],
    [{ userBase: undefined, userDnTemplate: 'uid=alice,dc=x' }, /^userDnTemplate must be .*\{username\}/],
    [{ userBase: undefined, userDnTemplate: '{username}@example.com' }, /^userDnTemplate must be a distinguished name/],
    [{ userBase: undefined, userDnTemplate: 'uid={username}', userScope: 'one' }, /^userScope, userFilter and decoyDn/],
    [{ userBase: 'people' }, /^userBase must be a distinguished name/],
    [{ decoyDn: 'nobody' }, /^decoyDn must be a distinguished name/],
    [{ userFilter: '(objectClass=person)' }, /^userFilter must be a filter with \{username\}/],
    [{ userFilter: '(uid={username}' }, /^userFilter must be a filter/],
    [{ userScope: 'base' }, /^userScope must be one or sub/],
    [{ usernameAttribute: 'u=id' }, /^usernameAttribute must be/],
    [{ attributes: ['__proto__'] }, /^attributes must be/],
    [{ groups: 'all' }, /^groups must be memberOf or search/],
    [{ groups: 'search' }, /^A search for groups needs a groupBase/],
    [{ groupBase: 'groups' }, /^groupBase must be/],
    [{ groupFilter: '(member=x)' }, /^groupFilter must be/],
    [
      { groups: 'search', groupBase: 'dc=x', groupFilter: '(memberUid={username})', nestedGroups: 1 },
      /^nestedGroups needs a groupFilter with \{dn\}/,
    ],
    [{ nestedGroups: 21 }, /^nestedGroups must be from 0 to 20/],
    [{ timeout: 0 }, /^timeout must be/],
    [{ retryAfter: 2 ** 31 }, /^retryAfter must be/],
    [{ maxConnections: 0 }, /^maxConnections must be/],
    [{ maxQueued: -1 }, /^maxQueued must be/],
    [{ binddn: 'cn=x' }, /no option binddn\. Is bindDn meant\?/],
  ])('%j cannot work', (options, problem) => {
    expect(problemsOf(options)).toEqual([expect.stringMatching(problem)]);
  });

  test('all problems are told at once, under the name of the authenticator, without the password', () => {
    const options = { ...SOUND, name: 'staff', bindPassword: 'marked-service-secret-1', timeout: -1, userBase: 'x' };
    expect(() => ldapAuthenticator(options)).toThrow(
      /^staff cannot work: bindPassword needs .*userBase must .*timeout must/,
    );
    expect(() => ldapAuthenticator(options)).not.toThrow(/marked/);
  });

  test('the name is that of the authenticator', () => {
    expect(ldapAuthenticator(SOUND).name).toBe('ldap');
    expect(ldapAuthenticator({ ...SOUND, name: 'staff' }).name).toBe('staff');
  });

  test.each([
    ['ldap://h', { host: 'h', port: 389, isLdaps: false }],
    ['ldaps://h', { host: 'h', port: 636, isLdaps: true }],
    ['ldap://h:80', { host: 'h', port: 80, isLdaps: false }],
    ['ldaps://h:80/', { host: 'h', port: 80, isLdaps: true }],
    ['ldap://[::1]:1', { host: '::1', port: 1, isLdaps: false }],
  ])('%s is read', (url, server) => expect(parseServer(url)).toEqual({ url, ...server }));
});
