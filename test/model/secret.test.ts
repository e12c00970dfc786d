import assert from 'node:assert';
import { Console } from 'node:console';
import { Writable } from 'node:stream';
import { inspect } from 'node:util';
import v8 from 'node:v8';
import { describe, expect, test } from '@jest/globals';
import { FailedSessionInitInfo } from '../../src/model/failed-session-init-info.js';
import { Secret } from '../../src/model/secret.js';
import { FullAuthSession } from '../../src/model/session.js';
import { SessionInitMessage } from '../../src/model/session-init-message.js';
import { SessionInitResponse } from '../../src/model/session-init-response.js';

const MARK = 'marked-user-secret-1';
const REDACTED = '[redacted: only encodeSessionInitResponse() and encodeSessionInitMessage() write it out]';

/** Everything that holds a secret, from the secret itself to a thing some way down in another. */
function holders(): Record<string, object> {
  const secret = new Secret(MARK);
  const data = new FullAuthSession({ session_id: 1, session_secret: secret, ip_address: '::' });
  const message = new SessionInitMessage('someone', MARK);
  return {
    secret,
    message,
    data,
    response: new SessionInitResponse({ success: true, reason: '', data }),
    array: [secret],
    map: new Map<unknown, unknown>([
      ['key', secret],
      [secret, 1],
    ]),
    deep: { a: { b: { c: { d: { e: [message] } } } } },
    error: Object.assign(new Error('failed', { cause: { message } }), { secret }),
    aggregate: new AggregateError([new Error('inner', { cause: secret })]),
  };
}

/** What a console writes that `print` prints on. */
function printed(print: (console: Console) => void): string {
  let text = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  print(new Console({ stdout: stream, stderr: stream }));
  return text;
}

function thrownBy(action: () => void): string {
  try {
    action();
  } catch (error) {
    return `${inspect(error, { depth: null, showHidden: true })}${(error as Error).message}${(error as Error).stack}`;
  }
  throw new Error('nothing was thrown');
}

describe('Secret', () => {
  test('gives its value to reveal() alone', () => {
    expect(new Secret(MARK).reveal()).toBe(MARK);
    expect(new Secret('').reveal()).toBe('');
  });

  test('shows a placeholder that names what writes it', () => {
    const secret = new Secret(MARK);
    expect(secret.toString()).toBe(REDACTED);
    expect(String(secret)).toBe(REDACTED);
    expect(`${secret}`).toBe(REDACTED);
    expect([secret].join()).toBe(REDACTED);
    expect(JSON.stringify({ secret })).toBe(JSON.stringify({ secret: REDACTED }));
    expect(inspect(secret)).toBe(REDACTED);
    expect(inspect({ secret }, { depth: null, showHidden: true, breakLength: Infinity })).toBe(
      `{ secret: ${REDACTED} }`,
    );
    expect(Object.prototype.toString.call(secret)).toBe('[object Secret]');
    expect(Number(secret)).toBeNaN();
  });

  test('has nothing to enumerate, copy or clone', () => {
    const secret = new Secret(MARK);
    expect(Reflect.ownKeys(secret)).toEqual([]);
    expect(Object.entries(secret)).toEqual([]);
    expect({ ...secret }).toEqual({});
    expect(structuredClone(secret)).toEqual({});
    expect(v8.deserialize(v8.serialize(secret))).toEqual({});
  });
});

describe.each(Object.keys(holders()))('ASVS 16.2.5: no secret is shown of %s', (name) => {
  const holder = (): object => holders()[name] ?? {};

  test('as text', () => {
    expect(String(holder())).not.toContain(MARK);
    expect(JSON.stringify(holder())).not.toContain(MARK);
    expect(JSON.stringify(Object.entries(holder()))).not.toContain(MARK);
    expect(JSON.stringify({ ...holder() })).not.toContain(MARK);
  });

  test('by util.inspect with any option', () => {
    for (const depth of [0, 1, 2, 10, null]) {
      for (const showHidden of [true, false]) {
        for (const customInspect of [true, false]) {
          const options = { depth, showHidden, customInspect, getters: true, showProxy: true, compact: false };
          expect(inspect(holder(), options)).not.toContain(MARK);
        }
      }
    }
  });

  test('on a console', () => {
    const text = printed((console) => {
      console.log(holder());
      console.error('%s %o %O %j %d %i %f', ...Array(7).fill(holder()));
      console.dir(holder(), { depth: null, showHidden: true });
      console.table([holder()]);
      console.table(holder());
    });
    expect(text.length).toBeGreaterThan(100);
    expect(text).not.toContain(MARK);
  });

  test('by a clone', () => {
    // An error's clone keeps its cause, in which a class instance is cloned to a plain object.
    expect(inspect(structuredClone(holder()), { depth: null, showHidden: true })).not.toContain(MARK);
    expect(v8.serialize(holder()).toString('latin1')).not.toContain(MARK);
    expect(v8.serialize(holder()).toString('utf16le')).not.toContain(MARK);
  });

  test('by an assertion that fails', () => {
    const other = { other: new FailedSessionInitInfo({ user: '' }) };
    for (const action of [
      () => assert.deepStrictEqual(holder(), other),
      () => assert.deepEqual(other, holder()),
      () => assert.strictEqual(holder(), other),
      () => assert.ok(!holder()),
      () => assert.fail(inspect(holder())),
      () => expect(holder()).toEqual(other),
      () => expect(other).toStrictEqual(holder()),
      () => expect(holder()).toBe(MARK.length),
      () => expect(holder()).toMatchObject(other),
      () => expect([other]).toContainEqual(holder()),
      () => {
        throw new Error('failed', { cause: holder() });
      },
    ]) {
      expect(thrownBy(action)).not.toContain(MARK);
    }
  });
});
