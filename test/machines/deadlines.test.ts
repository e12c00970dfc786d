import { describe, expect, test } from '@jest/globals';
import { DEFAULT_DEADLINES, resolveDeadlines, shortenDeadlines } from '../../src/machines/deadlines.js';
import type { ConfigurationError } from '../../src/model/errors.js';

const MAX = 2 ** 31 - 1;

function refusalOf(given: object): ConfigurationError | undefined {
  try {
    resolveDeadlines(given);
    return undefined;
  } catch (error) {
    return error as ConfigurationError;
  }
}

describe('the deadlines of an orchestrator', () => {
  test('are the defaults, unless others are given', () => {
    expect(resolveDeadlines()).toEqual(DEFAULT_DEADLINES);
    expect(resolveDeadlines({ session: 1, request: MAX })).toEqual({ ...DEFAULT_DEADLINES, session: 1, request: MAX });
  });

  test.each([0, -1, 1.5, MAX + 1, Number.NaN, Number.POSITIVE_INFINITY, '5', null])('%p is none', (value) => {
    expect(refusalOf({ session: value })?.problems).toEqual([
      `deadlines.session must be a whole number of milliseconds from 1 to 2147483647, and is ${value}.`,
    ]);
  });

  test('all that is wrong is told at once', () => {
    const refusal = refusalOf({ sesion: 1, request: 0 });
    expect(refusal?.code).toBe('invalid_configuration');
    expect(refusal?.message).toBe(
      'deadlines.sesion is not known. There are: request, admission, authentication, authorization, session. ' +
        'deadlines.request must be a whole number of milliseconds from 1 to 2147483647, and is 0.',
    );
  });
});

describe('the deadlines of one init', () => {
  const limits = { request: 50, admission: 40, authentication: 30, authorization: 20, session: 10 };

  test('are those of its orchestrator, each shortened by itself and none lengthened', () => {
    expect(shortenDeadlines(limits)).toEqual(limits);
    for (const name of Object.keys(limits) as (keyof typeof limits)[]) {
      for (const [asked, got] of [
        [limits[name] - 1, limits[name] - 1],
        [limits[name], limits[name]],
        [limits[name] + 1, limits[name]],
        [-1, 0],
        [Number.NaN, limits[name]],
        ['1' as never, limits[name]],
      ] as const) {
        expect(shortenDeadlines(limits, { [name]: asked })).toEqual({ ...limits, [name]: got });
      }
    }
  });
});
