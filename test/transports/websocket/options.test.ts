import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, jest, test } from '@jest/globals';
import { ConfigurationError } from '../../../src/model/errors.js';
import { resolveOptions, type WebSocketTransportOptions } from '../../../src/transports/websocket/options.js';
import { webSocketTransport } from '../../../src/transports/websocket.js';
import { TransportWorld } from '../../support/transport-world.js';

const problemsOf = (options: object): readonly string[] => {
  try {
    resolveOptions({ port: 0, ...options } as WebSocketTransportOptions);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as ConfigurationError).problems;
  }
};

describe('the options of the transport', () => {
  test('have defaults', () => {
    const settings = resolveOptions({ port: 0 });
    expect(settings).toMatchObject({
      path: '/',
      profile: 'rfc3339',
      allowPlaintext: false,
      maxMessageBytes: 65_536,
      maxBufferedBytes: 1_048_576,
      maxConnections: 10_000,
      maxConnectionsPerAddress: 1_000,
      sessionCheckInterval: 10_000,
    });
    expect(settings.limits).toEqual({
      greetingTimeout: 30_000,
      idleTimeout: 1_800_000,
      pingInterval: 30_000,
      pongTimeout: 10_000,
      handlerTimeout: 30_000,
      closeTimeout: 5_000,
      maxQueuedMessages: 64,
      maxQueuedBytes: 262_144,
      maxMalformed: 10,
    });
  });

  test.each([
    [{ port: 65_536 }, 'port must be a whole number from 0 to 65535, and is 65536.'],
    [{ port: '80' }, 'port must be a whole number from 0 to 65535, and is 80.'],
    [{ path: 'session' }, 'path must begin with a slash and have no query, and is "session".'],
    [{ path: '/a?b' }, 'path must begin with a slash and have no query, and is "/a?b".'],
    [{ profile: 'iso' }, "profile must be 'rfc3339' or 'dmod'."],
    [{ greetingTimeout: 0 }, 'greetingTimeout must be a whole number from 1 to 2147483647, and is 0.'],
    [
      { idleTimeout: Number.POSITIVE_INFINITY },
      'idleTimeout must be a whole number from 1 to 2147483647, and is Infinity.',
    ],
    [{ maxMessageBytes: 1.5 }, 'maxMessageBytes must be a whole number from 1 to 2147483647, and is 1.5.'],
    [{ trustedProxies: ['proxy'] }, 'trustedProxies: "proxy" is neither an IP address nor a range such as 10.0.0.0/8.'],
    [{ origins: ['app.example.org'] }, 'origins: "app.example.org" is no origin such as https://app.example.org.'],
    [
      { origins: ['https://app.example.org/x'] },
      'origins: "https://app.example.org/x" is no origin such as https://app.example.org.',
    ],
    [
      { origins: ['https://ada@app.example.org'] },
      'origins: "https://ada@app.example.org" is no origin such as https://app.example.org.',
    ],
  ])('%p is refused, with what is wrong', (options, problem) => {
    expect(problemsOf(options)).toEqual([problem]);
  });

  test('are refused with all problems at once', () => {
    expect(problemsOf({ port: -1, path: '', host: '0.0.0.0', maxConnections: 0, origins: ['x'] })).toHaveLength(5);
  });

  test.each([
    { host: 'localhost' },
    { host: '::1' },
    { host: '0.0.0.0', tls: {} },
    { host: '0.0.0.0', allowPlaintext: true },
  ])('can be %p', (options) => {
    expect(problemsOf(options)).toEqual([]);
  });
});

test('without onEvent, a port that is in use is a warning, and not silence', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const world = await TransportWorld.start();
  const transport = webSocketTransport(world.orchestrator, { port: (taken.address() as AddressInfo).port });
  await expect(transport.listening).rejects.toThrow(/in use/);
  expect(warned.mock.calls).toEqual([
    [
      expect.stringMatching(/^webSocketTransport: server failed\. .*in use.* onEvent tells more\.$/),
      'SessionInitWarning',
    ],
  ]);
  warned.mockRestore();
  await transport.close();
  await world.stop();
  taken.close();
});
