import { describe, expect, test } from '@jest/globals';
import { ConfigurationError, connect } from '../../src/client/index.js';
import { checkServerUrl } from '../../src/client/server-url.js';

describe('ASVS 4.4.1: TLS for anything but this host, unless asked for by name', () => {
  test.each([
    'wss://example.org/session',
    'wss://10.0.0.1:3012',
    'ws://localhost:3012/',
    'ws://app.localhost/',
    'ws://127.0.0.1:3012/',
    'ws://127.1.2.3/',
    'ws://2130706433/',
    'ws://[::1]:3012/',
    'WS://LOCALHOST/',
  ])('%s is taken', (url) => {
    expect(checkServerUrl(url, false)).toBeInstanceOf(URL);
  });

  test.each([
    'ws://example.org/',
    'ws://10.0.0.1:3012/',
    'ws://localhost.example.org/',
    'ws://127.0.0.1.example.org/',
    'ws://notlocalhost/',
    'ws://[::2]/',
    'ws://[::ffff:7f00:1]/',
    'ws://0.0.0.0/',
  ])('%s is refused', (url) => {
    expect(() => checkServerUrl(url, false)).toThrow(/use wss:\/\/, or set allowPlaintext/);
    expect(checkServerUrl(url, true).protocol).toBe('ws:');
  });

  test('connect() throws at once, and dials nowhere', () => {
    expect(() => connect('ws://example.org/')).toThrow(ConfigurationError);
  });
});

test.each([
  ['a relative URL', '/session', /absolute/],
  ['no URL', 'localhost:port', /absolute|begin with/],
  ['nothing', undefined as unknown as string, /absolute/],
  ['http', 'http://localhost/', /must begin with/],
  ['a file', 'file:///etc/passwd', /must begin with/],
])('%s is refused, with what to do', (_, url, problem) => {
  expect(() => checkServerUrl(url, true)).toThrow(problem);
});

test.each([
  'wss://alice:marked-user-secret@example.org/',
  'wss://alice@example.org/',
  'wss://:marked-user-secret@example.org/',
])('ASVS 14.2.1: credentials in a URL are refused, and not repeated (%#)', (url) => {
  const check = () => checkServerUrl(url, true);
  expect(check).toThrow(ConfigurationError);
  expect(check).not.toThrow(/marked-user-secret|alice/);
});

test('a fragment is left out, and the URL that was given is left alone', () => {
  const given = new URL('wss://example.org/session?a=b#part');
  expect(checkServerUrl(given, false).href).toBe('wss://example.org/session?a=b');
  expect(given.hash).toBe('#part');
});

test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, '5' as unknown as number])(
  'a deadline of %p is refused',
  (deadline) => {
    expect(() => connect('wss://example.org/', { deadline })).toThrow(/deadline must be/);
  },
);
