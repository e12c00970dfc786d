import { describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { formatDateTime, isWireTime, parseDateTime } from '../../src/model/date-time.js';
import { timeText, wireTime } from '../support/wire-arbitraries.js';
import { isReadableTime } from '../support/wire-judge.js';

jest.setTimeout(60_000);

const read = (text: string) => parseDateTime(text)?.toISOString();

describe('parseDateTime reads', () => {
  test.each([
    ['RFC 3339 in UTC', '2019-12-10T16:27:54Z', '2019-12-10T16:27:54.000Z'],
    ['a lower-case t and z', '2019-12-10t16:27:54z', '2019-12-10T16:27:54.000Z'],
    ['an offset ahead of UTC', '2019-12-10T16:27:54+05:30', '2019-12-10T10:57:54.000Z'],
    ['an offset behind UTC', '2019-12-10T16:27:54.5-23:59', '2019-12-11T16:26:54.500Z'],
    ['an unknown local offset', '2019-12-10T16:27:54-00:00', '2019-12-10T16:27:54.000Z'],
    ['an hour that New York skips', '2019-03-10 02:30:00.0', '2019-03-10T02:30:00.000Z'],
    ['a day that Samoa skips', '2011-12-30T12:00:00Z', '2011-12-30T12:00:00.000Z'],
    ['one digit of a second', '2019-12-10T16:27:54.1Z', '2019-12-10T16:27:54.100Z'],
    ['two', '2019-12-10T16:27:54.12Z', '2019-12-10T16:27:54.120Z'],
    ['three', '2019-12-10T16:27:54.123Z', '2019-12-10T16:27:54.123Z'],
    ['six, cut to milliseconds', '2019-12-10T16:27:54.123999Z', '2019-12-10T16:27:54.123Z'],
    ['nine, cut to milliseconds', '2019-12-10T16:27:54.000999999Z', '2019-12-10T16:27:54.000Z'],
    ['as many as fit in 64 characters', `2019-12-10T16:27:54.${'9'.repeat(43)}Z`, '2019-12-10T16:27:54.999Z'],
    ['29 February of a leap year', '2020-02-29T00:00:00Z', '2020-02-29T00:00:00.000Z'],
    ['29 February 2000', '2000-02-29T00:00:00Z', '2000-02-29T00:00:00.000Z'],
    ['the last second of a day', '2019-12-10T23:59:59Z', '2019-12-10T23:59:59.000Z'],
    ['a leap second', '2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000Z'],
    ['a leap second in its middle', '2016-12-31T23:59:60.999Z', '2017-01-01T00:00:00.000Z'],
    ['a leap second at an offset', '1990-12-31T15:59:60-08:00', '1991-01-01T00:00:00.000Z'],
    ['the first moment', '0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['the last moment', '9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
    ['a year of two digits as such', '0019-12-10T16:27:54Z', '0019-12-10T16:27:54.000Z'],
    ['the form of DMOD, as UTC', '2019-12-10 16:27:54.000000', '2019-12-10T16:27:54.000Z'],
    ['the form of DMOD with one digit', '2019-12-10 16:27:54.5', '2019-12-10T16:27:54.500Z'],
    ['the form of DMOD with five', '2019-12-10 16:27:54.12345', '2019-12-10T16:27:54.123Z'],
    ['the form of DMOD with six, cut', '2019-12-10 16:27:54.001999', '2019-12-10T16:27:54.001Z'],
  ])('%s: %s', (_what, text, expected) => {
    expect(read(text)).toBe(expected);
  });
});

describe('parseDateTime refuses', () => {
  test.each([
    ['nothing', ''],
    ['a date alone', '2019-12-10'],
    ['no zone', '2019-12-10T16:27:54'],
    ['no zone, with a fraction', '2019-12-10T16:27:54.000000'],
    ['no seconds', '2019-12-10T16:27Z'],
    ['an empty fraction', '2019-12-10T16:27:54.Z'],
    ['a comma', '2019-12-10T16:27:54,5Z'],
    ['29 February of another year', '2019-02-29T00:00:00Z'],
    ['29 February 1900', '1900-02-29T00:00:00Z'],
    ['30 February', '2020-02-30T00:00:00Z'],
    ['31 April', '2020-04-31T00:00:00Z'],
    ['month 0', '2020-00-10T00:00:00Z'],
    ['month 13', '2020-13-10T00:00:00Z'],
    ['day 0', '2020-01-00T00:00:00Z'],
    ['24:00', '2019-12-10T24:00:00Z'],
    ['minute 60', '2019-12-10T16:60:00Z'],
    ['second 61', '2016-12-31T23:59:61Z'],
    ['second 60 in the middle of a day', '2016-12-31T16:59:60Z'],
    ['second 60 in another minute', '2016-12-31T23:58:60Z'],
    ['second 60 at an offset where it is not 23:59 UTC', '2016-12-31T23:59:60+01:00'],
    ['second 60 on a day that is none', '2019-02-29T23:59:60Z'],
    ['an offset of an hour alone', '2019-12-10T16:27:54+00'],
    ['an offset without a colon', '2019-12-10T16:27:54+0000'],
    ['an offset of 24 hours', '2019-12-10T16:27:54+24:00'],
    ['an offset of 60 minutes', '2019-12-10T16:27:54+00:60'],
    ['a space before a zone', '2019-12-10 16:27:54Z'],
    ['a space before a zone, with a fraction', '2019-12-10 16:27:54.000000+00:00'],
    ['text around it', ' 2019-12-10T16:27:54Z'],
    ['text after it', '2019-12-10T16:27:54Z\n'],
    ['text before the form of DMOD', 'x2019-12-10 16:27:54.0'],
    ['text after the form of DMOD', '2019-12-10 16:27:54.0x'],
    ['the form of DMOD without a fraction', '2019-12-10 16:27:54'],
    ['the form of DMOD with an empty one', '2019-12-10 16:27:54.'],
    ['the form of DMOD with seven digits', '2019-12-10 16:27:54.0000000'],
    ['a leap second in the form of DMOD', '2016-12-31 23:59:60.000000'],
    ['24:00 in the form of DMOD', '2019-12-10 24:00:00.000000'],
    ['29 February in the form of DMOD', '2019-02-29 00:00:00.000000'],
    ['a fullwidth digit', '201９-12-10T16:27:54Z'],
    ['a year of five digits', '12019-12-10T16:27:54Z'],
    ['a signed year', '+002019-12-10T16:27:54Z'],
    ['year 0', '0000-12-31T23:59:59Z'],
    ['year 0 in the form of DMOD', '0000-12-31 23:59:59.0'],
    ['year 0 that an offset takes to year 1', '0000-12-31T23:59:59-01:00'],
    ['year 1 that an offset takes to year 0', '0001-01-01T00:00:00+00:01'],
    ['year 9999 that an offset takes to year 10000', '9999-12-31T23:59:59-00:01'],
    ['year 9999 that a leap second takes to year 10000', '9999-12-31T23:59:60Z'],
    ['65 characters', `2019-12-10T16:27:54.${'9'.repeat(44)}Z`],
    ['10 million characters', `2019-12-10T16:27:54.${'9'.repeat(10_000_000)}Z`],
  ])('%s', (_what, text) => {
    expect(parseDateTime(text)).toBeUndefined();
  });
});

test('parseDateTime reads just what Ajv takes for an RFC 3339 time, and the form of DMOD', () => {
  const readable = new Set<boolean>();
  fc.assert(
    fc.property(timeText, (text) => {
      readable.add(isReadableTime(text));
      expect([text, parseDateTime(text) !== undefined]).toEqual([text, isReadableTime(text)]);
    }),
    { numRuns: 5000 },
  );
  expect(readable.size).toBe(2);
});

test('parseDateTime agrees with the platform on every RFC 3339 time of three digits', () => {
  const offset = fc.tuple(fc.constantFrom('+', '-'), fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }));
  const pad = (value: number) => `${value}`.padStart(2, '0');
  fc.assert(
    fc.property(wireTime, offset, (time, [sign, hours, minutes]) => {
      const text = time.toISOString().replace('Z', `${sign}${pad(hours)}:${pad(minutes)}`);
      const expected = new Date(text);
      expect(parseDateTime(text)).toEqual(isWireTime(expected) ? expected : undefined);
    }),
  );
});

describe('formatDateTime', () => {
  const time = new Date('2019-12-10T06:07:04.005Z');

  test('writes RFC 3339 with milliseconds in UTC', () => {
    expect(formatDateTime(time, 'rfc3339')).toBe('2019-12-10T06:07:04.005Z');
  });

  test('writes what DMOD parses, with microseconds', () => {
    expect(formatDateTime(time, 'dmod')).toBe('2019-12-10 06:07:04.005000');
    expect(formatDateTime(new Date('0001-01-01T00:00:00Z'), 'dmod')).toBe('0001-01-01 00:00:00.000000');
    expect(formatDateTime(new Date('9999-12-31T23:59:59.999Z'), 'dmod')).toBe('9999-12-31 23:59:59.999000');
  });

  test.each(['rfc3339', 'dmod'] as const)('is read back to the millisecond: %s', (profile) => {
    fc.assert(
      fc.property(wireTime, (original) => {
        const text = formatDateTime(original, profile);
        expect(text).toMatch(
          profile === 'dmod'
            ? /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}000$/
            : /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
        );
        expect(parseDateTime(text)).toEqual(original);
      }),
    );
  });

  test.each(['rfc3339', 'dmod'] as const)('throws for a time that the wire cannot carry: %s', (profile) => {
    for (const bad of [Number.NaN, 8.64e15, -8.64e15, Date.UTC(10_000, 0), Date.UTC(0, 0) - 1e15]) {
      expect(() => formatDateTime(new Date(bad), profile)).toThrow(
        new RangeError('A time must be a valid Date in the years 1 to 9999.'),
      );
    }
  });
});

test('isWireTime takes the years 1 to 9999 of valid Dates', () => {
  const first = Date.parse('0001-01-01T00:00:00.000Z');
  const last = Date.parse('9999-12-31T23:59:59.999Z');
  expect([first, 0, last].map((time) => isWireTime(new Date(time)))).toEqual([true, true, true]);
  expect([first - 1, last + 1, Number.NaN].map((time) => isWireTime(new Date(time)))).toEqual([false, false, false]);
  expect([0, '2019-12-10T16:27:54Z', null, undefined, {}].map(isWireTime)).toEqual(Array(5).fill(false));
});
