import { describe, expect, test } from '@jest/globals';
import { canonicalAddress, isLoopback, TrustedProxies } from '../../../src/transports/websocket/client-address.js';

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['::ffff:127.0.0.1', '127.0.0.1'],
  ['::FFFF:192.0.2.255', '192.0.2.255'],
  ['::ffff:c000:2ff', '192.0.2.255'],
  ['::ffff:0.0.0.0', '0.0.0.0'],
  ['::ffff:255.255.255.255', '255.255.255.255'],
  ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
  ['fe80::1%eth0', 'fe80::1%eth0'],
  ['::fffe:1.2.3.4', '::fffe:102:304'],
  ['', undefined],
  ['unknown', undefined],
  ['1.2.3', undefined],
])('the canonical form of %p is %p', (text, address) => {
  expect(canonicalAddress(text)).toBe(address);
});

test.each([
  ['localhost', true],
  ['127.0.0.1', true],
  ['127.255.0.9', true],
  ['::1', true],
  ['0:0:0:0:0:0:0:1', true],
  ['::ffff:127.0.0.1', true],
  ['0.0.0.0', false],
  ['::', false],
  ['128.0.0.1', false],
  ['localhost.example.org', false],
  ['1270.0.0.1', false],
])('%p is this machine alone: %p', (host, is) => {
  expect(isLoopback(host)).toBe(is);
});

describe('trusted proxies', () => {
  const trusting = (...entries: string[]) => {
    const proxies = new TrustedProxies();
    expect(proxies.add(entries)).toEqual([]);
    return proxies;
  };

  test.each(['', 'proxy.example.org', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/-1', '10.0.0.0/8x', '::1/129', '10.0.0/8'])(
    '%p is no entry',
    (entry) => {
      expect(new TrustedProxies().add([entry])).toEqual([expect.stringContaining(JSON.stringify(entry))]);
    },
  );

  test('can be of either family, by address or by range', () => {
    const proxies = trusting('10.0.0.0/8', '192.0.2.7', 'fd00::/8', '2001:db8::7', '0.0.0.0/32');
    for (const proxy of ['10.255.0.1', '192.0.2.7', 'fd12::1', '2001:db8::7', '::ffff:10.0.0.1', 'fd12::1%eth0']) {
      expect([proxy, proxies.clientAddress(proxy, '203.0.113.9')]).toEqual([proxy, '203.0.113.9']);
    }
    for (const other of ['11.0.0.1', '192.0.2.8', 'fe00::1', '2001:db8::8']) {
      expect(proxies.clientAddress(other, '203.0.113.9')).toBe(other);
    }
  });

  test('are none by default', () => {
    expect(new TrustedProxies().clientAddress('127.0.0.1', '203.0.113.9')).toBe('127.0.0.1');
  });

  test.each([
    ['nothing', undefined, '10.0.0.1'],
    ['an empty header', '', '10.0.0.1'],
    ['empty hops', ', ,', '10.0.0.1'],
    ['proxies only', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['what the client made up before', '127.0.0.1, 10.0.0.9, 203.0.113.9, 10.0.0.2', '203.0.113.9'],
    ['a port', '203.0.113.9:4711', '203.0.113.9'],
    ['brackets', '[2001:db8::9]', '2001:db8::9'],
    ['something that is no address, behind which nothing counts', '203.0.113.9, unknown, 10.0.0.2', '10.0.0.2'],
  ])('say %s', (_, header, address) => {
    expect(trusting('10.0.0.0/8').clientAddress('10.0.0.1', header)).toBe(address);
  });

  test('a socket without an address is nobody’s', () => {
    expect(trusting('0.0.0.0/0').clientAddress(undefined, '203.0.113.9')).toBeUndefined();
  });
});
