import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type AndFilter, EqualityFilter, FilterParser } from 'ldapts';
import { fillFilter, isFilter } from '../../../../src/adapters/authenticators/ldap/fill-filter.js';

describe('a filter', () => {
  test('compares with the very text that was put in, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (username) => {
        const parsed = FilterParser.parseString(fillFilter('(&(uid={username})(objectClass=person))', { username }));
        expect((parsed as AndFilter).filters).toEqual([
          new EqualityFilter({ attribute: 'uid', value: username }),
          new EqualityFilter({ attribute: 'objectClass', value: 'person' }),
        ]);
      }),
    );
  });

  test('is not filled twice: a name that looks like a placeholder is a name', () => {
    const filter = '(|(memberUid={username})(member={dn}))';
    expect(fillFilter(filter, { username: '{dn}', dn: 'cn={username}' })).toBe(
      '(|(memberUid={dn})(member=cn={username}))',
    );
    expect(fillFilter('(uid={username})', { username: '$&$1' })).toBe('(uid=$&$1)');
  });

  test.each(['(uid=x)', '(&(a=b)(c=d))', '(!(a=b))'])('%s is one', (text) => expect(isFilter(text)).toBe(true));

  test.each(['', 'uid=x', '()', '(uid=x', 'uid=x)', '(a=b)(c=d)', '(a=b))', ')a=b('])('%s is none', (text) =>
    expect(isFilter(text)).toBe(false),
  );
});
