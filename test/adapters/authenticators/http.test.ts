import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import { httpAuthenticatorSchemas } from '../../../src/adapters/authenticators/http/messages.js';
import { type HttpAuthenticatorOptions, httpAuthenticator } from '../../../src/adapters/authenticators/http.js';
import { BackendFaultError, ClosedError, ConfigurationError, OverloadedError } from '../../../src/model/errors.js';
import { Secret } from '../../../src/model/secret.js';
import { authenticatorContract, simulatedClock } from '../../../src/testing/index.js';
import { authenticatedInit } from '../../support/authenticated-init.js';
import { root } from '../../support/package-exports.js';
import { type Answer, type Received, type WebService, webService } from '../../support/web-service.js';

const { signal } = new AbortController();
const TOKEN = 'marked-bearer-token-1';
const USERS: Readonly<Record<string, string>> = {
  ada: 'Marked-Secret-Of-Ada',
  bob: 'Marked-Secret-Of-Bob',
  'zoë 🦊': 'Märked 🔑 "secret" \\ \u0000 \n',
  "'; DROP TABLE users; --": 'marked-user-secret-3',
};

/** How a service answers that knows the users. */
function check({ body }: Received): Answer {
  const { username, secret } = JSON.parse(body);
  const known = Object.hasOwn(USERS, username) ? USERS[username] : undefined;
  if (known === undefined) return { status: 401, json: { cause: 'unknownUser' } };
  return known === secret ? { json: { user: username } } : { status: 401, json: { cause: 'wrongSecret' } };
}

let answer: (request: Received) => Answer | Promise<Answer>;
let service: WebService;
const closing: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  service = await webService((request) => answer(request));
});
afterAll(() => service.stop());
afterEach(async () => {
  for (const authenticator of closing.splice(0)) await authenticator.close();
});

function authenticatorOf(options: Partial<HttpAuthenticatorOptions> = {}) {
  const authenticator = httpAuthenticator({
    url: `${service.origin}/check`,
    token: TOKEN,
    timeout: 60_000,
    ...options,
  });
  closing.push(authenticator);
  return authenticator;
}

/** What an authenticator makes of an answer. */
async function said(to: Answer, credentials: object = {}) {
  answer = () => to;
  const asserted = { username: 'ada', secret: new Secret('marked-user-secret-1'), ...credentials };
  return authenticatorOf().authenticate(asserted, { signal });
}

describe('the contract', () => {
  const cases = authenticatorContract({
    create: () => {
      answer = check;
      return authenticatorOf();
    },
    users: Object.entries(USERS).map(([username, secret]) => ({ username, secret })),
    createBroken: () => {
      answer = () => ({ status: 500 });
      return authenticatorOf();
    },
  });
  test.each(cases)('$name', ({ run }) => run());
});

describe('the request', () => {
  test('is one POST of JSON, as its published schema says', async () => {
    answer = check;
    const before = service.received.length;
    await authenticatorOf().authenticate(
      { username: 'ada', secret: new Secret('marked'), oneTimeCode: new Secret('123456'), ipAddress: '2001:db8::1' },
      { signal },
    );
    const [request, ...more] = service.received.slice(before);
    expect(more).toEqual([]);
    expect(request).toMatchObject({
      method: 'POST',
      path: '/check',
      headers: {
        authorization: `Bearer ${TOKEN}`,
        'content-type': 'application/json',
        'x-request-id': expect.stringMatching(/^[\w-]{22}$/),
      },
    });
    const body = JSON.parse((request as Received).body);
    expect(body).toEqual({ username: 'ada', secret: 'marked', one_time_code: '123456', ip_address: '2001:db8::1' });
    expect(new Ajv().validate({ ...httpAuthenticatorSchemas[0], $id: 'request' }, body)).toBe(true);
  });

  test('is not sent for what services could take for somebody else: an empty secret, half a surrogate pair', async () => {
    answer = () => ({ json: { user: 'ada' } });
    const before = service.received.length;
    for (const [username, secret, cause] of [
      ['ada', '', 'wrongSecret'],
      ['ada', 'a\ud800', 'wrongSecret'],
      ['', 'a', 'unknownUser'],
      ['a\udfff', 'a', 'unknownUser'],
    ] as const) {
      const asserted = { username, secret: new Secret(secret) };
      expect(await authenticatorOf().authenticate(asserted, { signal })).toEqual({ outcome: 'denied', cause });
    }
    expect(service.received.length).toBe(before);
  });

  test('is not sent for who has gone', async () => {
    const before = service.received.length;
    const asserted = { username: 'ada', secret: new Secret('marked') };
    await expect(authenticatorOf().authenticate(asserted, { signal: AbortSignal.abort() })).rejects.toThrow('aborted');
    expect(service.received.length).toBe(before);
  });

  test('is not sent again, however the answer fails', async () => {
    const before = service.received.length;
    await expect(said({ status: 503, headers: { 'retry-after': '0' } })).rejects.toThrow(BackendFaultError);
    expect(service.received.length).toBe(before + 1);
  });
});

describe('an answer', () => {
  test.each<[object, object]>([
    [{ user: 'ada' }, { outcome: 'authenticated', user: 'ada' }],
    [
      { user: 'Ada', groups: ['staff'], claims: { tenant: 1, nested: { a: [null] } } },
      { outcome: 'authenticated', user: 'Ada', groups: ['staff'], claims: { tenant: 1, nested: { a: [null] } } },
    ],
    [
      { user: 'ada', groups: [], claims: {} },
      { outcome: 'authenticated', user: 'ada', groups: [], claims: {} },
    ],
  ])('200 %j is a yes', async (json, outcome) => {
    expect(await said({ json })).toEqual(outcome);
  });

  test.each(
    [401, 403].flatMap((status) =>
      ['unknownUser', 'wrongSecret', 'locked', 'disabled', 'expired', 'onHoliday'].map(
        (cause) => [status, cause] as const,
      ),
    ),
  )('%i with the cause %s is a no', async (status, cause) => {
    expect(await said({ status, json: { cause } })).toEqual({ outcome: 'denied', cause });
  });

  test.each<[string, Answer]>([
    ['200 without a body', {}],
    ['200 with what is no JSON', { body: '<html>' }],
    ['200 with half of it', { body: '{"user":"ada"' }],
    ['200 with more than it', { body: '{"user":"ada"}{}' }],
    ['200 with what is no UTF-8', { body: Buffer.from('{"user":"\xff"}', 'latin1') }],
    ['200 with an object that says nothing', { json: {} }],
    ['200 with a no', { json: { user: 'ada', authenticated: false } }],
    ['200 with a cause', { json: { cause: 'wrongSecret' } }],
    ['200 with null', { json: null }],
    ['200 with true', { json: true }],
    ['200 with a list', { json: [{ user: 'ada' }] }],
    ['200 with a user that is no text', { json: { user: 1 } }],
    ['200 with an empty user', { json: { user: '' } }],
    ['200 with groups that are a text', { json: { user: 'ada', groups: 'staff' } }],
    ['200 with groups that are not all texts', { json: { user: 'ada', groups: ['staff', null] } }],
    ['200 with claims that are a list', { json: { user: 'ada', claims: [] } }],
    ['200 with claims that are null', { json: { user: 'ada', claims: null } }],
    ['200, compressed', { headers: { 'content-encoding': 'gzip' }, body: Buffer.from([0x1f, 0x8b, 8, 0]) }],
    ['200 with the request', { json: { username: 'ada', secret: 'marked-user-secret-1' } }],
    ['201', { status: 201, json: { user: 'ada' } }],
    ['204', { status: 204 }],
    ['301', { status: 301, headers: { location: '/check' } }],
    ['307', { status: 307, headers: { location: '/check' } }],
    ['400', { status: 400, json: { cause: 'wrongSecret' } }],
    ['401 without a body, as a gateway gives it', { status: 401, headers: { 'www-authenticate': 'Bearer' } }],
    ['401 with an error of a gateway', { status: 401, json: { message: 'invalid token' } }],
    ['401 with a yes', { status: 401, json: { user: 'ada' } }],
    ['401 with an empty cause', { status: 401, json: { cause: '' } }],
    ['403 without a body', { status: 403 }],
    ['403 with a cause that is a sentence', { status: 403, json: { cause: 'wrong secret\n' } }],
    ['403 with more than a cause', { status: 403, json: { cause: 'locked', user: 'ada' } }],
    ['404', { status: 404, json: { cause: 'unknownUser' } }],
    ['407', { status: 407 }],
    ['500', { status: 500, json: { user: 'ada' } }],
    ['503', { status: 503, headers: { 'retry-after': '5' } }],
    ['599', { status: 599 }],
  ])('%s is a fault', async (_, to) => {
    const error: unknown = await said(to).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(BackendFaultError);
    expect((error as Error).message).toMatch(/^http: http:\/\/127\.0\.0\.1:\d+ answered .+ \([\w-]{22}\)\.$/);
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('marked-');
  });

  test.each([
    ['7', 7],
    ['0', 1],
    ['86400', 3600],
    ['Wed, 21 Oct 2015 07:28:09 GMT', 9],
    ['Wed, 21 Oct 2015 07:27:00 GMT', 1],
    ['soon', 1],
    ['', 1],
    [undefined, 1],
  ])('429 is an overload, with Retry-After: %s', async (after, seconds) => {
    answer = () => ({ status: 429, ...(after !== undefined && { headers: { 'retry-after': after } }) });
    const clock = simulatedClock({ startAt: Date.parse('2015-10-21T07:28:00Z') });
    const asked = authenticatorOf({ clock }).authenticate(
      { username: 'ada', secret: new Secret('marked') },
      { signal },
    );
    const error: unknown = await asked.catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(OverloadedError);
    expect((error as OverloadedError).retryAfter).toBe(seconds);
  });

  test('to a one-time code is kept by nobody', async () => {
    const yes = { json: { user: 'ada' } };
    expect(await said(yes, { oneTimeCode: new Secret('123456') })).toEqual({
      outcome: 'authenticated',
      user: 'ada',
      expiresAt: 0,
    });
    const no = { status: 401, json: { cause: 'wrongSecret' } };
    expect(await said(no, { oneTimeCode: new Secret('123456') })).toEqual({ outcome: 'denied', cause: 'wrongSecret' });
  });

  test('is as its published schema says, or it is a fault', async () => {
    const ajv = new Ajv();
    const [, yes, no] = httpAuthenticatorSchemas as [object, object, object];
    const [isYes, isNo] = [ajv.compile(yes), ajv.compile(no)];
    const values = [
      { user: 'ada' },
      { user: 'ada', groups: ['a'], claims: { b: 1 } },
      { cause: 'locked' },
      {},
      null,
      [],
      1,
    ].concat([
      { user: 'ada', more: 1 },
      { user: '' },
      { cause: 'a b' },
      { cause: 'a\n' },
      { user: 'ada', claims: [] },
    ] as never);
    for (const json of values) {
      const outcomeOf = (status: number) =>
        said({ status, json }).then(
          ({ outcome }) => outcome,
          () => 'fault',
        );
      expect([json, await outcomeOf(200)]).toEqual([json, isYes(json) ? 'authenticated' : 'fault']);
      expect([json, await outcomeOf(401)]).toEqual([json, isNo(json) ? 'denied' : 'fault']);
    }
  });

  test('that names a prototype changes nothing', async () => {
    const outcome = await said({ body: '{"user":"ada","claims":{"__proto__":{"admin":true},"constructor":1}}' });
    expect(outcome).toMatchObject({ outcome: 'authenticated' });
    expect(({} as { admin?: unknown }).admin).toBeUndefined();
    expect((outcome as { claims: { admin?: unknown } }).claims.admin).toBeUndefined();
  });
});

test.each(httpAuthenticatorSchemas)(
  'schemas/$title.json is not stale (else: npm run build && node scripts/write-schemas.js)',
  (schema) => {
    const file = readFileSync(`${root}schemas/${schema.title}.json`, 'utf8');
    expect(file).toBe(`${JSON.stringify(schema, null, 2)}\n`);
  },
);

describe('an init', () => {
  test.each<[string, Answer, object]>([
    ['a yes', { json: { user: 'ada' } }, { reason: 'authorized' }],
    ['an unknown user', { status: 401, json: { cause: 'unknownUser' } }, { reason: 'AUTHENTICATION_DENIED' }],
    ['a locked one', { status: 403, json: { cause: 'locked' } }, { reason: 'AUTHENTICATION_DENIED' }],
    ['a refused token', { status: 401 }, { reason: 'AUTHENTICATION_SYS_FAIL' }],
    ['429', { status: 429 }, { reason: 'OTHER', code: 'overloaded' }],
    ['500', { status: 500, body: 'marked-backend-text' }, { reason: 'AUTHENTICATION_SYS_FAIL' }],
  ])('P7, ASVS 16.5.1: %s ends in its reason, and the client sees nothing of it', async (_, to, expected) => {
    answer = () => to;
    const init = await authenticatedInit(authenticatorOf(), { username: 'ada', secret: 'marked-user-secret-1' });
    expect(init).toMatchObject(expected);
    expect(init.response).not.toMatch(/marked-|127\.0\.0\.1:|locked|unknownUser/);
  });

  test('P5: a service that sends everything back leaves no secret in the cause', async () => {
    answer = ({ body, headers }) => ({ body: `${body} ${headers.authorization}` });
    const { cause } = await authenticatedInit(authenticatorOf(), { username: 'ada', secret: 'marked-user-secret-1' });
    expect(cause).toBeInstanceOf(BackendFaultError);
    expect(inspect(cause, { depth: 9, showHidden: true })).not.toContain('marked-');
  });
});

describe('probe()', () => {
  const probe = (to: Answer) => {
    answer = () => to;
    return authenticatorOf().probe({ signal });
  };

  test('is content with a no', async () => {
    await expect(probe({ status: 401, json: { cause: 'unknownUser' } })).resolves.toBeUndefined();
  });

  test('finds a service that lets everybody in, one that does not know the token, and one that is not there', async () => {
    await expect(probe({ json: { user: 'anybody' } })).rejects.toThrow('a yes for a user whom nobody has');
    await expect(probe({ status: 401 })).rejects.toThrow('it means us and not the user');
    await expect(authenticatorOf({ url: 'http://127.0.0.1:1/' }).probe({ signal })).rejects.toThrow('gave no answer');
  });

  test('asks for nobody twice alike', async () => {
    const before = service.received.length;
    await probe({ status: 401, json: { cause: 'unknownUser' } });
    await probe({ status: 401, json: { cause: 'unknownUser' } });
    const [one, other] = service.received.slice(before).map(({ body }) => JSON.parse(body));
    expect(one.username).toMatch(/^session-init-probe-/);
    expect(one.username).not.toBe(other.username);
    expect(one.secret).not.toBe(other.secret);
  });
});

describe('the options', () => {
  const problemsOf = (options: object): readonly string[] => {
    try {
      httpAuthenticator(options as HttpAuthenticatorOptions);
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigurationError);
      expect(inspect(error, { depth: 9 })).not.toContain('marked-');
      return (error as ConfigurationError).problems;
    }
    return [];
  };

  test.each<[object, RegExp[]]>([
    [{}, [/^url must be a URL/]],
    [{ url: 'auth.example.com' }, [/^url must be a URL/]],
    [{ url: 'ftp://auth.example.com' }, [/^url must begin with https/]],
    [{ url: 'http://auth.example.com' }, [/^url would have secrets go in clear/]],
    [{ url: 'http://localhost.example.com' }, [/^url would have secrets go in clear/]],
    [{ url: 'https://ada:marked-pass@auth.example.com' }, [/^url must have no user/]],
    [{ url: 'https://auth.example.com/#a' }, [/^url must have no #/]],
    [{ url: 'https://a', token: '' }, [/^token must be/]],
    [{ url: 'https://a', token: 'marked-a\r\nx: y' }, [/^token must be/]],
    [{ url: 'https://a', token: new Secret('marked-a\n') }, [/^token must be/]],
    [{ url: 'https://a', token: 1 }, [/^token must be/]],
    [{ url: 'https://a', signingSecret: 'marked-too-short' }, [/^signingSecret must be whsec_/]],
    [{ url: 'https://a', signingSecret: 'whsec_c2hvcnQ=' }, [/^signingSecret must be whsec_/]],
    [{ url: 'https://a', signingSecret: 1 }, [/^signingSecret must be whsec_/]],
    [{ url: 'https://a', allowPlaintext: 'false' }, [/^allowPlaintext must be/]],
    [{ url: 'https://a', name: '' }, [/^name must be/]],
    [{ url: 'https://a', URL: 'https://a', maxconnections: 3 }, [/Is url meant/, /Is maxConnections meant/]],
    [
      { url: 'x', token: ' ', signingSecret: '', timeout: 0, maxConnections: 0, maxQueued: -1, maxResponseBytes: 0.5 },
      [/^url/, /^token/, /^signingSecret/, /^timeout/, /^maxConnections/, /^maxQueued/, /^maxResponseBytes/],
    ],
  ])('%j are answered with every problem', (options, expected) => {
    const problems = problemsOf(options);
    expect(problems).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
  });

  test.each([
    'http://localhost:8080/',
    'http://127.0.0.1/a',
    'http://127.9.9.9',
    'http://[::1]:8080',
    'https://auth.example.com/a?b=c',
  ])('%s may be asked', (url) => expect(problemsOf({ url })).toEqual([]));

  test('allow a URL in clear by name', () => {
    expect(problemsOf({ url: 'http://auth.example.com', allowPlaintext: true })).toEqual([]);
  });
});

test('calls after close() fail, and close() may be called again', async () => {
  answer = check;
  const authenticator = authenticatorOf();
  await authenticator.close();
  await authenticator.close();
  const asserted = { username: 'ada', secret: new Secret('marked') };
  await expect(authenticator.authenticate(asserted, { signal })).rejects.toThrow(ClosedError);
  await expect(authenticator.probe({ signal })).rejects.toThrow(ClosedError);
});
