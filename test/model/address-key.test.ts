import { expect, test } from '@jest/globals';
import { addressKey } from '../../src/model/address-key.js';

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
  ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:db8::', '2001:db8:0:0::/64'],
  ['::', '0:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::ffff:c000:207', '192.0.2.7'],
  ['::fffe:c000:207', '0:0:0:0::/64'],
  ['0:0:0:1::ffff:c000:207', '0:0:0:1::/64'],
])('CS Authentication: %s counts as %s', (address, key) => {
  expect(addressKey(address)).toBe(key);
});
