import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Secret } from '../../model/secret.js';
import { assertLive, type Cases, type Established, establish, establishMany, listedIds } from './stage.js';

/** Pairs and more of names that a careless store takes for one, or for something else. */
const HOSTILE_NAMES = [
  ['a', 'A', 'á', 'a\u0301', 'а', ' a', 'a ', 'a\t', 'a\n', 'a\u00a0'],
  ['a\0', 'a\0b', 'a\0c', '\0', '\0a'],
  ['é', 'e\u0301', '\ufb01', 'fi', 'ß', 'ss', 'SS', 'ı', 'i', 'I', 'İ'],
  ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'null', 'undefined', 'true', '0', '00', '1e0', '1'],
  ["'; DROP TABLE session; --", "' OR '1'='1", '"', '`', '\\', '%', '_', '*', '?', '$1', ':user', '{user}', '[a]'],
  ['\u202eadmin', 'admin', 'admin\r\n', 'ad\u200bmin', '\u{1f600}', '\u{1f601}', '\ufeffadmin', '\ufffd'],
  ['x'.repeat(254), 'x'.repeat(255), `${'x'.repeat(254)}y`, '語'.repeat(255), '\u{1f600}'.repeat(127)],
].flat();

const GARBAGE_IDS: unknown[] = [
  0,
  -1,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  -0,
  2 ** 53,
  2 ** 63,
  -(2 ** 53),
].concat(['1', '1 OR 1=1', '', null, undefined, true, {}, [], [1], 1n, Symbol('1')] as never[]);

/** Secrets, ids, user names and pages that nobody should send. */
export const argumentCases: Cases = {
  'CS Session: an unknown or client-chosen secret opens nothing': async (stage) => {
    const manager = await stage.open();
    const established = await establish(manager);
    const secret = established.secret.reveal();
    const guesses = [
      '',
      ' ',
      '0'.repeat(64),
      'f'.repeat(64),
      secret.toUpperCase(),
      `${secret} `,
      ` ${secret}`,
      `${secret}\n`,
      `${secret}\0`,
      secret.slice(0, 63),
      secret.slice(1),
      secret + secret,
      [...secret].reverse().join(''),
      `${secret.slice(0, 63)}${secret.endsWith('0') ? '1' : '0'}`,
      String(established.id),
      '__proto__',
      "' OR '1'='1",
      '%',
      '\ud800',
      'x'.repeat(100_000),
      // Who has read the store has read these; they must open nothing.
      createHash('sha256').update(secret).digest('hex'),
      createHash('sha256').update(secret).digest('binary'),
      createHash('sha256').update(secret).digest('base64'),
    ];
    for (const guess of guesses) {
      // A secret's upper case is the secret itself where it has no letters.
      if (guess !== secret) assert.equal(await manager.findBySecret(new Secret(guess)), undefined);
    }
    assert.deepEqual(await listedIds(manager), [established.id], 'no guess has made a session');
    await assertLive(manager, established);
  },

  'CS Session: what is no id is just not found': async (stage) => {
    const manager = await stage.open();
    const established = await establish(manager);
    for (const garbage of [...GARBAGE_IDS, established.id + 1, Number.MAX_SAFE_INTEGER]) {
      const id = garbage as number;
      assert.equal(await manager.findById(id), undefined, `findById(${String(garbage)})`);
      assert.equal(await manager.refresh(id), undefined, `refresh(${String(garbage)})`);
      assert.equal(await manager.remove(id), false, `remove(${String(garbage)})`);
    }
    await assertLive(manager, established);
  },

  'user names are kept to the letter, and no two are taken for one': async (stage) => {
    const manager = await stage.open({ limitPolicy: 'refuse', maxSessionsPerUser: 1 });
    const established: Established[] = [];
    for (const name of HOSTILE_NAMES) established.push(await establish(manager, name));
    assert.equal(new Set(established.map(({ id }) => id)).size, HOSTILE_NAMES.length);
    for (const [i, { id, secret, session }] of established.entries()) {
      const name = HOSTILE_NAMES[i] as string;
      const label = JSON.stringify(name.slice(0, 20));
      assert.equal(session.user, name, `create: ${label}`);
      assert.equal((await manager.findBySecret(secret))?.user, name, `findBySecret: ${label}`);
      assert.equal((await manager.findById(id))?.user, name, `findById: ${label}`);
      assert.equal((await manager.refresh(id))?.user, name, `refresh: ${label}`);
      assert.deepEqual(await listedIds(manager, name), [id], `listByUser: ${label}`);
    }
  },

  'user names that are not well-formed Unicode are refused, or kept apart': async (stage) => {
    const manager = await stage.open({ limitPolicy: 'evictOldest', maxSessionsPerUser: 1 });
    const established: Established[] = [];
    for (const name of ['\ufffd', 'a\ud800', 'a\ud801', 'a\udc00', '\udc00\ud800', 'a\ufffd', 'a?', 'a']) {
      const creation = establish(manager, name);
      established.push(...(await creation.then((session) => [session]).catch(() => [])));
    }
    for (const each of established) await assertLive(manager, each);
    for (const name of ['\ud800', 'a\udfff']) assert.deepEqual(await listedIds(manager, name), []);
  },

  'pages go up by id, have no gap and no overlap, and obey their limit': async (stage) => {
    const manager = await stage.open({ limitPolicy: 'allow' });
    const ids: number[] = [];
    for (let i = 0; i < 25; i += 1) ids.push((await establish(manager, i % 5 === 0 ? 'bob' : 'alice')).id);
    const alices = ids.filter((_, i) => i % 5 !== 0);
    for (const [user, expected] of [
      ['alice', alices],
      [undefined, ids.toSorted((a, b) => a - b)],
      ['nobody', []],
    ] as const) {
      const seen: number[] = [];
      for (;;) {
        const page = await listedIds(manager, user, { after: seen.at(-1), limit: 4 });
        assert.ok(page.length <= 4, 'a page obeys its limit');
        if (page.length === 0) break;
        seen.push(...page);
      }
      assert.deepEqual(seen, expected);
      assert.deepEqual(await listedIds(manager, user), expected, 'one page holds all');
    }
    assert.deepEqual(await listedIds(manager, 'alice', { limit: 0 }), []);
    assert.deepEqual(await listedIds(manager, 'alice', { after: ids.at(-1) }), []);
  },

  'paging goes on where sessions are removed meanwhile': async (stage) => {
    const manager = await stage.open({ limitPolicy: 'allow' });
    await establishMany(manager, 10);
    const seen: number[] = [];
    for (;;) {
      const page = await listedIds(manager, 'alice', { after: seen.at(-1), limit: 3 });
      if (page.length === 0) break;
      seen.push(...page);
      for (const id of page) assert.equal(await manager.remove(id), true);
    }
    assert.equal(seen.length, 10);
    assert.deepEqual(await listedIds(manager), []);
  },

  'a page has 1,000 sessions unless told otherwise': async (stage) => {
    const manager = await stage.open({ limitPolicy: 'allow' });
    await establishMany(manager, 1_002);
    for (const user of ['alice', undefined]) {
      const first = await listedIds(manager, user);
      assert.equal(first.length, 1_000);
      assert.equal((await listedIds(manager, user, { after: first.at(-1) })).length, 2);
      assert.equal((await listedIds(manager, user, { limit: 1_001 })).length, 1_001);
    }
  },
};
