import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type HttpAuthorizerOptions, httpAuthorizer } from '../../../src/adapters/authorizers/http.js';
import type { AuthorizationRequest } from '../../../src/index.js';
import { BackendFaultError, ClosedError, ConfigurationError, OverloadedError } from '../../../src/model/errors.js';
import { authorizerContract } from '../../../src/testing/index.js';
import { AUTHORIZER_FAILED, authorizedInit, NOT_AUTHORIZED } from '../../support/authorized-init.js';
import { type Answer, type Received, type WebService, webService } from '../../support/web-service.js';

const { signal } = new AbortController();
const TOKEN = 'marked-bearer-token-1';
const DECISION_ID = '4ca636c1-55e4-417a-b1d8-4aceb67960d1';

/**
 * As Open Policy Agent answers for this policy, with decision logs on:
 *
 *     package session
 *     allow if "staff" in input.groups
 */
function opa({ method, path, body }: Received): Answer {
  const { input } = JSON.parse(body);
  if (method !== 'POST') return { status: 405 };
  const isAllowed = input.groups.includes('staff');
  if (path === '/v1/data/session/allow')
    return { json: { decision_id: DECISION_ID, ...(isAllowed && { result: true }) } };
  if (path === '/v1/data/session')
    return { json: { decision_id: DECISION_ID, result: isAllowed ? { allow: true } : {} } };
  return { json: { decision_id: DECISION_ID } };
}

let answer: (request: Received) => Answer | Promise<Answer>;
let service: WebService;
const closing: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  service = await webService((request) => answer(request));
});
afterAll(() => service.stop());
afterEach(async () => {
  for (const authorizer of closing.splice(0)) await authorizer.close();
});

function authorizerOf(options: Partial<HttpAuthorizerOptions> = {}) {
  const url = `${service.origin}/v1/data/session/allow`;
  const authorizer = httpAuthorizer({ url, token: TOKEN, timeout: 60_000, ...options });
  closing.push(authorizer);
  return authorizer;
}

/** What an authorizer makes of an answer. */
async function said(to: Answer) {
  answer = () => to;
  return authorizerOf().authorize({ user: 'ada' }, { signal });
}

const staff: readonly AuthorizationRequest[] = [
  { user: 'ada', groups: ['staff'] },
  { user: 'bob', groups: ['guests', 'staff'], claims: { a: [1, { b: null }] }, ipAddress: '192.0.2.7' },
];
const others: readonly AuthorizationRequest[] = [
  { user: 'eve' },
  { user: 'staff', groups: [] },
  { user: '"], "groups": ["staff"', groups: ['"staff"', 'staff\u0000', 'Staff'] },
];

describe.each(['/v1/data/session/allow', '/v1/data/session'])('the contract, at %s', (path) => {
  const cases = authorizerContract({
    create: () => {
      answer = opa;
      return authorizerOf({ url: service.origin + path });
    },
    allowed: staff,
    denied: others,
    createBroken: () => {
      answer = () => ({ status: 500, json: { code: 'internal_error', message: 'marked-backend-text' } });
      return authorizerOf({ url: service.origin + path });
    },
  });
  test.each(cases)('$name', ({ run }) => run());
});

test('asks for a decision on the user, with groups and claims always there', async () => {
  answer = opa;
  const before = service.received.length;
  for (const request of [{ user: 'eve' }, staff[1] as AuthorizationRequest]) {
    await authorizerOf().authorize(request, { signal });
  }
  const [one, other] = service.received.slice(before) as [Received, Received];
  expect(one).toMatchObject({
    method: 'POST',
    path: '/v1/data/session/allow',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
  });
  expect(JSON.parse(one.body)).toEqual({ input: { user: 'eve', groups: [], claims: {} } });
  expect(JSON.parse(other.body)).toEqual({
    input: { user: 'bob', groups: ['guests', 'staff'], claims: { a: [1, { b: null }] }, ip_address: '192.0.2.7' },
  });
});

describe('an answer', () => {
  test.each<[object]>([
    [{ result: true }],
    [{ result: { allow: true } }],
    [{ result: { allow: true, cause: 'ignored', more: [1] } }],
    [{ result: true, decision_id: DECISION_ID, metrics: {}, warning: { code: 'api_usage_warning' } }],
  ])('200 %j is a yes', async (json) => {
    expect(await said({ json })).toEqual({ outcome: 'authorized' });
  });

  test.each<[object, string]>([
    [{ result: false }, 'deniedByPolicy'],
    [{ result: { allow: false } }, 'deniedByPolicy'],
    [{ result: { allow: false, cause: 'suspended' } }, 'suspended'],
    [{ result: { allow: false, cause: 'sentence with\nbreaks' } }, 'deniedByPolicy'],
    [{ result: { allow: false, cause: 7 } }, 'deniedByPolicy'],
    [{}, 'undefinedDecision'],
    [{ decision_id: DECISION_ID }, 'undefinedDecision'],
    [{ result: {} }, 'undefinedDecision'],
    [{ result: { allowed: true } }, 'undefinedDecision'],
    [{ allow: true }, 'undefinedDecision'],
  ])('200 %j is a no', async (json, cause) => {
    expect(await said({ json })).toEqual({ outcome: 'denied', cause });
  });

  test.each<[string, Answer]>([
    ['200 without a body', {}],
    ['200 with what is no JSON', { body: 'true' + 'x' }],
    ['200 with true alone', { json: true }],
    ['200 with null', { json: null }],
    ['200 with a list', { json: [{ result: true }] }],
    ['200 with a text for a result', { json: { result: 'true' } }],
    ['200 with a number for a result', { json: { result: 1 } }],
    ['200 with null for a result', { json: { result: null } }],
    ['200 with a list for a result', { json: { result: [true] } }],
    ['200 with a text for allow', { json: { result: { allow: 'true' } } }],
    ['200 with null for allow', { json: { result: { allow: null } } }],
    ['200 with the input', { json: { input: { user: 'ada' }, result: { input: { allow: true }, allow: {} } } }],
    ['201', { status: 201, json: { result: true } }],
    ['204', { status: 204 }],
    ['302', { status: 302, headers: { location: '/v1/data/session/allow' } }],
    ['400', { status: 400, json: { code: 'invalid_parameter', message: 'marked' } }],
    ['401', { status: 401, json: { code: 'unauthorized' } }],
    ['403', { status: 403, json: { result: false } }],
    ['404', { status: 404, json: { code: 'undefined_document' } }],
    ['500', { status: 500, json: { code: 'internal_error', result: true } }],
    ['503', { status: 503 }],
  ])('ASVS 16.5.3: %s is a fault, and lets nobody in', async (_, to) => {
    const error: unknown = await said(to).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(BackendFaultError);
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('marked-');
    expect(await authorizedInit(authorizerOf(), { user: 'ada' })).toMatchObject(AUTHORIZER_FAILED);
  });

  test('429 is an overload', async () => {
    const error: unknown = await said({ status: 429, headers: { 'retry-after': '5' } }).catch(
      (cause: unknown) => cause,
    );
    expect(error).toBeInstanceOf(OverloadedError);
    expect((error as OverloadedError).retryAfter).toBe(5);
  });

  test('of a prototype is none', async () => {
    expect(await said({ body: '{"__proto__":{"result":true}}' })).toEqual({
      outcome: 'denied',
      cause: 'undefinedDecision',
    });
    expect(await said({ body: '{"result":{"__proto__":{"allow":true}}}' })).toEqual({
      outcome: 'denied',
      cause: 'undefinedDecision',
    });
  });
});

test('an init ends in its reason, and the client sees nothing of the policy', async () => {
  answer = opa;
  expect(await authorizedInit(authorizerOf(), { user: 'ada', groups: ['staff'] })).toMatchObject({
    reason: 'authorized',
  });
  expect(await authorizedInit(authorizerOf(), { user: 'eve' })).toMatchObject(NOT_AUTHORIZED);
  answer = () => ({ json: { result: { allow: false, cause: 'suspended' } } });
  const { response } = await authorizedInit(authorizerOf(), { user: 'ada' });
  expect(response).not.toContain('suspended');
});

test.each<[string, Record<string, unknown>]>([
  ['a number that JSON has not', { large: 1n }],
  [
    'itself',
    Object.assign(
      { self: {} },
      {
        toJSON() {
          throw new Error('marked-claim');
        },
      },
    ),
  ],
])('claims with %s are a fault of the authenticator, and are not sent', async (_, claims) => {
  answer = () => ({ json: { result: true } });
  const before = service.received.length;
  const asked = authorizerOf().authorize({ user: 'ada', claims }, { signal });
  await expect(asked).rejects.toThrow('http cannot ask: the claims of the user cannot be written as JSON.');
  expect(service.received.length).toBe(before);
});

test('probe() takes any decision, and nothing else', async () => {
  answer = opa;
  await expect(authorizerOf().probe({ signal })).resolves.toBeUndefined();
  answer = () => ({ status: 401, json: { code: 'unauthorized' } });
  await expect(authorizerOf().probe({ signal })).rejects.toThrow('answered with status 401');
});

test('the options are answered with every problem', () => {
  const make = () =>
    httpAuthorizer({ url: 'http://opa.example.com', token: 'a b', signingSecret: 'x' } as HttpAuthorizerOptions);
  expect(make).toThrow(ConfigurationError);
  expect(make).toThrow(
    /^http cannot work: httpAuthorizer has no option signingSecret.* url would have secrets go in clear.* token must be/,
  );
});

test('calls after close() fail', async () => {
  const authorizer = authorizerOf();
  await authorizer.close();
  await authorizer.close();
  await expect(authorizer.authorize({ user: 'ada' }, { signal })).rejects.toThrow(ClosedError);
});
