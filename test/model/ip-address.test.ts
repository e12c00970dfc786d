import { isIP } from 'node:net';
import { describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { normalizeIpAddress } from '../../src/model/ip-address.js';
import { addressText } from '../support/wire-arbitraries.js';
import { isReadableAddress } from '../support/wire-judge.js';

jest.setTimeout(60_000);

describe('normalizeIpAddress gives the canonical text of', () => {
  test.each([
    ['0.0.0.0', '0.0.0.0'],
    ['10.0.1.6', '10.0.1.6'],
    ['255.255.255.255', '255.255.255.255'],
    ['249.199.99.9', '249.199.99.9'],
    ['::', '::'],
    ['::1', '::1'],
    ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
    ['2001:DB8::A', '2001:db8::a'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1:0:0:2:3:0:0:4', '1::2:3:0:0:4'],
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    ['::ffff:10.0.1.6', '::ffff:a00:106'],
    ['::FFFF:a00:106', '::ffff:a00:106'],
    ['::1.2.3.4', '::102:304'],
    ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
    ['fe80::1%eth0', 'fe80::1%eth0'],
    ['FE80::0:1%Eth0', 'fe80::1%Eth0'],
    ['fe80::1%1', 'fe80::1%1'],
    ['fe80::1%!#$&-.09:@~', 'fe80::1%!#$&-.09:@~'],
    [`fe80::1%${'z'.repeat(63)}`, `fe80::1%${'z'.repeat(63)}`],
    ['0000:0000:0000:0000:0000:ffff:255.255.255.255', '::ffff:ffff:ffff'],
  ])('%s: %s', (text, expected) => {
    expect(normalizeIpAddress(text)).toBe(expected);
  });
});

test.each([
  '',
  ':',
  ':::',
  '1',
  '3232235777',
  '0x7f.1',
  '1.2.3',
  '1.2.3.',
  '.1.2.3.4',
  '1.2.3.4.',
  '1.2.3.4.5',
  '1..2.3',
  '01.2.3.4',
  '1.2.3.04',
  '1.2.3.256',
  '1.2.3.300',
  '260.2.3.4',
  '1.2.3.1000',
  '1.2.3.-4',
  '1.2.3.4/8',
  '1.2.3.4:80',
  '1.2.3.4%eth0',
  ' 1.2.3.4',
  '1.2.3.4\n',
  '１.2.3.4',
  '[::1]',
  '::1/64',
  '::g',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1::2::3',
  '12345::',
  '::01.2.3.4',
  '::1.2.3',
  '::1.2.3.4:5',
  '::1.2.3.256',
  'fe80::1%',
  'fe80::1%%',
  'fe80::1%a%b',
  'fe80::1%eth0/64',
  'fe80::1%eth 0',
  'fe80::1%eth0\n',
  'fe80::1%\u007f',
  'fe80::1%é',
  `fe80::1%${'z'.repeat(64)}`,
  '%eth0',
  '::1]/x[',
  'localhost',
  '1'.repeat(10_000_000),
  ':'.repeat(10_000_000),
  `::1%${'%'.repeat(10_000_000)}`,
])('normalizeIpAddress knows no address %.40j', (text) => {
  expect(normalizeIpAddress(text)).toBeUndefined();
});

test('normalizeIpAddress takes what node:net takes, and its text is stable and means the same', () => {
  const readable = new Set<boolean>();
  fc.assert(
    fc.property(addressText, (text) => {
      const normalized = normalizeIpAddress(text);
      readable.add(normalized !== undefined);
      expect([text, normalized !== undefined]).toEqual([text, isReadableAddress(text)]);
      if (normalized === undefined) return;
      expect(normalizeIpAddress(normalized)).toBe(normalized);
      const zoneless = (address: string) => address.replace(/%.*/s, '');
      expect(isIP(zoneless(normalized))).toBe(isIP(zoneless(text)));
      expect(groups(zoneless(normalized))).toEqual(groups(zoneless(text)));
    }),
    { numRuns: 5000 },
  );
  expect(readable.size).toBe(2);
});

/** The numbers of an address: four of IPv4, eight of IPv6. */
function groups(address: string): number[] {
  if (!address.includes(':')) return address.split('.').map(Number);
  const hex = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) =>
    [Number(a) * 256 + Number(b), Number(c) * 256 + Number(d)].map((group) => group.toString(16)).join(':'),
  );
  const [left = '', right] = hex.split('::');
  const numbers = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  if (right === undefined) return numbers(left);
  const gap = 8 - numbers(left).length - numbers(right).length;
  return [...numbers(left), ...Array<number>(gap).fill(0), ...numbers(right)];
}
