import { describe, expect, test } from '@jest/globals';
import { DirectoryEntry } from '../../../../src/adapters/authenticators/ldap/directory-entry.js';

describe('DirectoryEntry', () => {
  test('has values by name in any letter case, however many there are', () => {
    const entry = new DirectoryEntry({ dn: 'cn=x', Mail: 'a@example.com', CN: ['x', 'y'], title: [] });
    expect(entry.dn).toBe('cn=x');
    for (const name of ['mail', 'MAIL', 'Mail']) expect(entry.valuesOf(name)).toEqual(['a@example.com']);
    expect(entry.valuesOf('cn')).toEqual(['x', 'y']);
    for (const name of ['title', 'sn', 'constructor', 'toString']) expect(entry.valuesOf(name)).toEqual([]);
  });

  test('takes the values that a server gave under its own spelling, beside an empty list that ldapts put in', () => {
    expect(new DirectoryEntry({ dn: 'cn=x', uid: [], UID: 'x' }).valuesOf('uid')).toEqual(['x']);
  });

  test('leaves out what is no text', () => {
    const entry = new DirectoryEntry({ dn: 'cn=x', jpegPhoto: Buffer.from([0xff]), objectGUID: [Buffer.from([0xfe])] });
    for (const name of ['jpegPhoto', 'objectGUID']) expect(entry.valuesOf(name)).toEqual([]);
  });

  test('does not take a part of the values for all of them', () => {
    const entry = new DirectoryEntry({
      dn: 'cn=x',
      memberOf: [],
      'memberOf;range=0-1499': ['cn=staff'],
      member: 'cn=y',
    });
    expect(() => entry.valuesOf('memberOf')).toThrow(/more values of memberOf than are given at once/);
    expect(entry.valuesOf('member')).toEqual(['cn=y']);
  });
});
