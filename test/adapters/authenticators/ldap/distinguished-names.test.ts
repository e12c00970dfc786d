import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  escapeDnValue,
  isBelow,
  isDn,
  ownNameOf,
} from '../../../../src/adapters/authenticators/ldap/distinguished-names.js';

describe('names in a directory', () => {
  test('escaping makes one value of any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (value) => {
        const dn = `uid=${escapeDnValue(value)},ou=people,dc=example`;
        expect(isDn(dn)).toBe(true);
        expect(ownNameOf(dn, 'uid')).toBe(value);
        expect(isBelow(dn, 'ou=people,dc=example')).toBe(true);
        expect(isBelow(dn, 'dc=example')).toBe(true);
        expect(isBelow(dn, 'ou=groups,dc=example')).toBe(false);
      }),
    );
  });

  test.each([
    ['cn=staff,dc=x', 'cn', 'staff'],
    ['CN = Staff , dc=x', 'cn', 'Staff'],
    ['cn=a\\,b,dc=x', 'cn', 'a,b'],
    ['cn=a\\2Cb\\5C,dc=x', 'cn', 'a,b\\'],
    ['cn=L\\C3\\BCbeck,dc=x', 'cn', 'Lübeck'],
    ['2.5.4.3=x,dc=x', '2.5.4.3', 'x'],
    ['cn=staff,dc=x', 'ou', undefined],
    ['cn=a+ou=b,dc=x', 'cn', undefined],
    ['cn="a",dc=x', 'cn', undefined],
    ['cn=#0401,dc=x', 'cn', undefined],
    ['', 'cn', undefined],
  ])('%s is named by %s: %s', (dn, attribute, name) => expect(ownNameOf(dn, attribute)).toBe(name));

  test('an escaped comma ends nothing', () => {
    expect(isBelow('cn=evil\\,ou=groups,dc=x', 'ou=groups,dc=x')).toBe(false);
    expect(isBelow('cn=evil\\\\,ou=groups,dc=x', 'ou=groups,dc=x')).toBe(true);
    expect(isBelow('CN=a, OU = Groups, dc=x', 'ou=groups,DC=x')).toBe(true);
    expect(isBelow('ou=groups,dc=x', 'ou=groups,dc=x')).toBe(false);
  });

  test.each(['', 'people', 'ou=', '=x', 'ou=people,', ',ou=people', 'ou=people,,dc=x', 'ou=x\\'])(
    '%j is no name',
    (text) => expect(isDn(text)).toBe(false),
  );
});
