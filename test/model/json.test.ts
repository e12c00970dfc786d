import { expect, test } from '@jest/globals';
import { describeType, isJsonObject, own } from '../../src/model/json.js';

test.each<[unknown, string]>([
  [null, 'null'],
  [undefined, 'nothing'],
  [[], 'an array'],
  [{}, 'an object'],
  ['', 'a string'],
  ['marked', 'a string'],
  [true, 'a boolean'],
  [false, 'a boolean'],
  [0, 'an integer'],
  [-3, 'an integer'],
  [2 ** 53 - 1, 'an integer'],
  [2 ** 53, 'an integer beyond 2^53 - 1'],
  [-(2 ** 53), 'an integer beyond 2^53 - 1'],
  [1.5, 'a number'],
  [Number.POSITIVE_INFINITY, 'a number'],
  [Number.NaN, 'a number'],
  [() => 1, 'a function'],
  [1n, 'a bigint'],
  [Symbol('marked'), 'a symbol'],
])('describeType says of %p: %s', (value, expected) => {
  expect(describeType(value)).toBe(expected);
});

test('isJsonObject takes objects alone', () => {
  expect([{}, Object.create(null), new Date()].map(isJsonObject)).toEqual([true, true, true]);
  expect([null, undefined, [], '', 1, true, () => 1].map(isJsonObject)).toEqual(Array(7).fill(false));
});

test('own reads what an object itself has', () => {
  expect(own({ a: 1 }, 'a')).toBe(1);
  expect(own({ a: undefined }, 'a')).toBeUndefined();
  expect(own({}, 'toString')).toBeUndefined();
  expect(own(Object.create({ a: 1 }), 'a')).toBeUndefined();
  expect(own(Object.assign(Object.create(null), { a: 1 }), 'a')).toBe(1);
  expect(own(JSON.parse('{"__proto__": 1}'), '__proto__')).toBe(1);
  expect(own({}, '__proto__')).toBeUndefined();
  expect(own({ hasOwnProperty: 1, a: 2 }, 'a')).toBe(2);
});
