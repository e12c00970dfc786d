import { describe, expect, test } from '@jest/globals';
import { BackendFaultError, Secret } from '../../../src/index.js';
import { describeCause, stackOf } from '../../../src/server/logging/describe-cause.js';

describe('describeCause', () => {
  test('names each error of the chain with its code and message, in one line', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED\n127.0.0.1'), { code: 'ECONNREFUSED' });
    const cause = new BackendFaultError('ldap cannot be reached.', { cause: refused });
    expect(describeCause(cause)).toBe(
      'BackendFaultError (backend_fault): ldap cannot be reached. <- Error (ECONNREFUSED): connect ECONNREFUSED\\u{a}127.0.0.1',
    );
  });

  test('names the errors of an AggregateError', () => {
    const cause = new AggregateError([new TypeError('one'), 'two'], 'all failed');
    expect(describeCause(cause)).toBe('AggregateError: all failed [TypeError: one; two]');
  });

  test("shows a denial's cause as it is", () => {
    expect(describeCause('wrongSecret')).toBe('wrongSecret');
  });

  test.each([
    ['an object', { query: 'marked-user-secret-1' }, 'a thrown object'],
    ['null', null, 'a thrown null'],
    ['a Secret', new Secret('marked-user-secret-1'), 'a thrown object'],
    ['a function', () => 'marked-user-secret-1', 'a thrown function'],
  ])('ASVS 16.2.5: of %s that was thrown, shows the type only', (_, cause, expected) => {
    expect(describeCause(cause)).toBe(expected);
  });

  test('ASVS 16.2.5: shows no property of an error but those it must', () => {
    const cause = Object.assign(new Error('refused'), { request: { password: 'marked-user-secret-1' } });
    expect(describeCause(cause)).toBe('Error: refused');
  });

  test('ends with causes that go in a circle, and survives one that plays tricks', () => {
    const circular = new Error('again');
    circular.cause = circular;
    expect(describeCause(circular).split(' <- ')).toHaveLength(5);
    const trick = new Error('fine');
    Object.defineProperty(trick, 'message', {
      get() {
        throw new Error('no');
      },
    });
    expect(describeCause(trick)).toBe('a cause that cannot be described');
    expect(describeCause(new Proxy(new Error('fine'), { get: () => Symbol('no') }))).toBe(
      'a cause that cannot be described',
    );
  });
});

describe('stackOf', () => {
  test('is one line of places, without the message', () => {
    const stack = stackOf(new Error('marked\n    at marked'));
    expect(stack).toMatch(/^.*describe-cause\.test\.ts:\d+:\d+\)?( <- .+)*$/);
    expect(stack?.split(' <- ').length).toBeLessThanOrEqual(10);
  });

  test('is nothing for what has none, or plays tricks', () => {
    const trick = new Error('fine');
    Object.defineProperty(trick, 'stack', { get: () => Symbol('no') });
    for (const cause of ['text', null, { stack: '    at x' }, trick]) expect(stackOf(cause)).toBeUndefined();
  });
});
