import { describe, expect, test } from '@jest/globals';
import { allOf, chain, firstOf } from '../../../../src/adapters/authenticators/chain.js';
import { ask, asked, backends, result } from '../../../support/ask-composition.js';
import { type Said, said, type Word } from '../../../support/said.js';

describe('firstOf', () => {
  test.each<[Word[], string, string]>([
    [['yes', 'yes'], 'yes a:alice', '10'],
    [['unknown', 'yes'], 'yes b:alice', '11'],
    [['unknown', 'unknown'], 'no unknownUser', '11'],
    [['wrong', 'yes'], 'no wrongSecret', '10'],
    [['no', 'yes'], 'no undefined', '10'],
    [['unknown', 'wrong'], 'no wrongSecret', '11'],
    [['fault', 'yes'], 'fault', '10'],
    [['garbage', 'yes'], 'fault', '10'],
    [['overload', 'yes'], 'overload 7', '10'],
    [['defect', 'yes'], 'defect', '10'],
    [['unknown', 'fault'], 'fault', '11'],
    [['unknown', 'unknown', 'yes'], 'yes c:alice', '111'],
  ])('of %j says %s', async (words, expected, calls) => {
    const all = backends(...words);
    expect(await result(firstOf(all))).toBe(expected);
    expect(asked(all)).toBe(calls);
  });

  test.each<[Word[], string, string]>([
    [['fault', 'yes'], 'yes b:alice', '11'],
    [['garbage', 'yes'], 'yes b:alice', '11'],
    [['fault', 'unknown'], 'fault', '11'],
    [['fault', 'wrong'], 'fault', '11'],
    [['fault', 'unknown', 'yes'], 'yes c:alice', '111'],
    [['fault', 'overload'], 'fault', '11'],
    [['overload', 'unknown'], 'overload 7', '11'],
    [['overload', 'fault'], 'overload 7', '11'],
    [['defect', 'unknown'], 'defect', '11'],
    [['unknown', 'fault', 'unknown'], 'fault', '111'],
  ])('that goes on after faults, of %j says %s: a fault is never a denial', async (words, expected, calls) => {
    const all = backends(...words);
    expect(await result(firstOf(all, { onFault: 'continue' }))).toBe(expected);
    expect(asked(all)).toBe(calls);
  });

  test.each<[Word[], string]>([
    [['wrong', 'yes'], 'yes b:alice'],
    [['wrong', 'unknown'], 'no wrongSecret'],
    [['unknown', 'no', 'wrong'], 'no undefined'],
    [['wrong', 'fault'], 'fault'],
  ])('that goes on after denials, of %j says %s', async (words, expected) => {
    expect(await result(firstOf(backends(...words), { onDenied: 'continue' }))).toBe(expected);
  });

  test('gives every link what was asserted, and takes groups and claims of who said yes', async () => {
    const [first, second] = backends('unknown', 'yes') as [Said, Said];
    const outcome = await ask(firstOf([first, second]), { oneTimeCode: '123456' });
    const call = {
      username: 'alice',
      secret: 'marked-user-secret-1',
      oneTimeCode: '123456',
      ipAddress: '192.0.2.1',
    };
    expect([...first.seen, ...second.seen]).toEqual([call, call]);
    expect(outcome).toMatchObject({ user: 'b:alice', groups: ['b', 'all'], claims: { from: 'b' } });
  });
});

describe('ASVS 6.8.1: identity is backend and user', () => {
  const known = (name: string, user: string) => said(name, () => ({ outcome: 'authenticated', user }));

  test('two backends with an alice each do not merge unless told to', async () => {
    const one = firstOf([known('corp', 'alice'), known('lab', 'alice')]);
    const other = firstOf([said('corp', 'unknown'), known('lab', 'alice')]);
    expect([await result(one), await result(other)]).toEqual(['yes corp:alice', 'yes lab:alice']);
    const merged = firstOf([said('corp', 'unknown'), known('lab', 'alice')], { identities: 'merged' });
    expect(await result(merged)).toBe('yes alice');
  });

  test('no name that a backend gives becomes that of another', async () => {
    const names = ['alice', 'lab:alice', 'corp:alice', ':alice', 'corp', ':', '::'];
    const users = new Set<string>();
    for (const backend of ['corp', 'lab']) {
      for (const name of names) users.add(await result(firstOf([known(backend, name)])));
      for (const name of names) users.add(await result(firstOf([firstOf([known(backend, name)], { name: 'nested' })])));
    }
    expect(users.size).toBe(4 * names.length);
  });

  test.each(['corp:', ':', 'a:b', '', ' ', '\uD800', undefined])('a backend named %j is refused', (name) => {
    const backend = { ...said('x', 'yes'), name: name as string };
    expect(() => firstOf([backend])).toThrow(/link 1 needs a name without a colon/);
  });

  test('two backends of one name are refused, in every composition', () => {
    const twice = [said('corp', 'yes'), said('corp', 'yes')];
    for (const make of [firstOf, allOf, (all: Said[]) => chain(all.map((authenticator) => ({ authenticator })))]) {
      expect(() => make(twice)).toThrow(/several links are named "corp"/);
    }
    const links = [{ authenticator: twice[0] as Said }, { authenticator: twice[1] as Said, name: 'lab' }];
    expect(() => chain(links)).not.toThrow();
  });
});
