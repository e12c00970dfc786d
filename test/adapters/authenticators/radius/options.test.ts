import { expect, test } from '@jest/globals';
import {
  type RadiusAuthenticatorOptions,
  radiusAuthenticator,
} from '../../../../src/adapters/authenticators/radius.js';
import { ConfigurationError } from '../../../../src/model/errors.js';
import { Secret } from '../../../../src/model/secret.js';

const secret = 'marked-shared-secret';
const server = { host: '127.0.0.1', secret };

function problemsOf(options: object): readonly string[] {
  try {
    radiusAuthenticator(options as RadiusAuthenticatorOptions);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(String(error)).not.toContain(secret);
    return (error as ConfigurationError).problems;
  }
  return [];
}

test.each<[string, object, RegExp[]]>([
  ['no option', {}, [/^servers must name a server/]],
  ['no server', { servers: [] }, [/^servers must name a server/]],
  ['one that is no list', { servers: server }, [/^servers must name a server/]],
  ['no secret', { servers: [{ host: 'a' }] }, [/^servers\[0\]\.secret must be the secret/]],
  ['an empty secret', { servers: [server, { ...server, secret: new Secret('') }] }, [/^servers\[1\]\.secret/]],
  ['a URL', { servers: [{ ...server, host: 'radius://a' }] }, [/^servers\[0\]\.host must be a name or an address/]],
  ['a port in the host', { servers: [{ ...server, host: 'a:1812' }] }, [/^servers\[0\]\.host/]],
  ['port 0', { servers: [{ ...server, port: 0 }] }, [/^servers\[0\]\.port/]],
  ['a misspelt option', { servers: [server], Timeout: 1 }, [/Is timeout meant/]],
  ['a misspelt one of a server', { servers: [{ ...server, Port: 1 }] }, [/^servers\[0\] has no option Port/]],
  ['a long identifier', { servers: [server], nasIdentifier: 'x'.repeat(254) }, [/^nasIdentifier must/]],
  ['an address with IPv6', { servers: [server], nasIpAddress: '::1' }, [/^nasIpAddress must be an IPv4 address/]],
  ['groups of something else', { servers: [server], groups: 'toString' }, [/^groups must be Class or Filter-Id/]],
  [
    'times that are none',
    { servers: [server], timeout: 0, serverTimeout: 2 ** 31, retransmitAfter: 1.5, retryAfter: Number.NaN },
    [/^timeout must/, /^serverTimeout must/, /^retransmitAfter must/, /^retryAfter must/],
  ],
  ['no room', { servers: [server], maxInFlight: 0 }, [/^maxInFlight must/]],
])('%s: every problem is told with its option', (_, options, expected) => {
  expect(problemsOf(options)).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
});

test.each([
  [{ servers: [server] }],
  [
    {
      servers: [
        { ...server, host: '::1' },
        { host: 'radius.example.com', port: 1645, secret: new Secret(secret) },
      ],
    },
  ],
  [{ servers: [server], nasIdentifier: 'x'.repeat(253), nasIpAddress: '192.0.2.7', groups: 'Filter-Id' }],
])('what works is taken: %j', (options) => {
  expect(problemsOf(options)).toEqual([]);
});

test('the name is in the message', () => {
  expect(() => radiusAuthenticator({ servers: [], name: 'token-server' })).toThrow(/^token-server cannot work: /);
});
