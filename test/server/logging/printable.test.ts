import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { printable } from '../../../src/server/logging/printable.js';

describe('printable', () => {
  test.each([
    ['a line break', 'a\r\nb', 'a\\u{d}\\u{a}b'],
    ['an escape sequence', '\u001b[2K', '\\u{1b}[2K'],
    ['a control sequence of one character', '\u009b2K', '\\u{9b}2K'],
    ['NEL', 'a\u0085b', 'a\\u{85}b'],
    ['the separators of lines and paragraphs', '\u2028\u2029', '\\u{2028}\\u{2029}'],
    ['an override of the direction', 'a\u202eb', 'a\\u{202e}b'],
    ['what cannot be seen', 'a\u200bb\ufeff', 'a\\u{200b}b\\u{feff}'],
    ['a lone surrogate', '\ud800', '\\u{d800}'],
    ['a tag beyond the BMP', '\u{e0041}', '\\u{e0041}'],
  ])('ASVS 16.4.1: escapes %s', (_, text, expected) => {
    expect(printable(text, 255)).toBe(expected);
  });

  test('leaves what people are called', () => {
    for (const name of ["Zoë O'Brien", 'DOMAIN\\alice', '山田', 'алиса', '🦊 fox'])
      expect(printable(name, 255)).toBe(name);
  });

  test('cuts what is too long, and says so', () => {
    expect(printable('a'.repeat(256), 255)).toBe(`${'a'.repeat(255)}…`);
    expect(printable('a'.repeat(255), 255)).toBe('a'.repeat(255));
  });

  test('ASVS 16.4.1: whatever comes, one line of visible characters is left', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(300), (text, length) => {
        const result = printable(text, length);
        expect(result).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
        expect(result.isWellFormed()).toBe(true);
      }),
    );
  });
});
