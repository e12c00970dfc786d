import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { chain } from '../../../src/adapters/authenticators/chain.js';
import { OverloadedError, Secret, SessionInitError } from '../../../src/index.js';
import { said } from '../../support/said.js';

/*
 * An oracle that knows nothing of the implementation: it looks at the whole list of answers at once, where the chain goes
 * from one to the next.
 */

const WORDS = ['yes', 'unknown', 'wrong', 'no', 'fault', 'overload', 'garbage'] as const;

const arbitraryLink = fc.record({
  word: fc.constantFrom(...WORDS),
  onSuccess: fc.constantFrom('accept', 'continue', 'reject'),
  onDenied: fc.constantFrom('reject', 'continue'),
  onUnknownUser: fc.constantFrom('continue', 'reject', 'accept'),
  onFault: fc.constantFrom('fail', 'continue'),
} as const);

interface Link {
  word: (typeof WORDS)[number];
  onSuccess: 'accept' | 'continue' | 'reject';
  onDenied: 'reject' | 'continue';
  onUnknownUser: 'continue' | 'reject' | 'accept';
  onFault: 'fail' | 'continue';
}

const isFault = ({ word }: Link) => ['fault', 'overload', 'garbage'].includes(word);
const isDenial = ({ word }: Link) => ['wrong', 'no'].includes(word);
const isYes = ({ word, onSuccess }: Link) => word === 'yes' && onSuccess !== 'reject';

function ruleOf(link: Link): string {
  if (link.word === 'yes') return link.onSuccess;
  if (link.word === 'unknown') return link.onUnknownUser;
  return isFault(link) ? link.onFault : link.onDenied;
}

interface Expected {
  asked: number;
  result: string;
  groups: readonly number[];
}

function oracle(links: readonly Link[]): Expected {
  const stop = links.findIndex((link) => ruleOf(link) !== 'continue');
  const asked = stop < 0 ? links : links.slice(0, stop + 1);
  const yeses = asked.flatMap((link, index) => (isYes(link) ? [index] : []));
  const [found = Number.POSITIVE_INFINITY] = yeses;
  const last = asked[asked.length - 1] as Link;
  const isUnanimous = asked.every(
    (link, index) => index < found || isYes(link) || (link.word === 'unknown' && link.onUnknownUser === 'accept'),
  );
  const isLetIn = yeses.length > 0 && (isUnanimous || (last.word === 'yes' && last.onSuccess === 'accept'));
  if (isLetIn) return { asked: asked.length, result: `yes l${found}:alice`, groups: yeses };

  const fault = asked.find(isFault);
  if (fault !== undefined) {
    return { asked: asked.length, result: fault.word === 'overload' ? 'overloaded' : 'backend_fault', groups: [] };
  }
  const causes = asked.flatMap((link, index): string[] => {
    if (isDenial(link)) return [link.word === 'wrong' ? 'wrongSecret' : 'undefined'];
    if (link.word === 'yes' && link.onSuccess === 'reject') return ['excluded'];
    return link.word === 'unknown' && link.onUnknownUser !== 'accept' && index > found ? ['notEnrolled'] : [];
  });
  return { asked: asked.length, result: `no ${causes[0] ?? 'unknownUser'}`, groups: [] };
}

async function run(links: readonly Link[]): Promise<Expected> {
  const backends = links.map(({ word }, index) => said(`l${index}`, word));
  const authenticator = chain(
    links.map(({ word: _, ...rules }, index) => ({ authenticator: backends[index] as (typeof backends)[0], ...rules })),
  );
  const credentials = { username: 'alice', secret: new Secret('marked-user-secret-1') };
  const outcome = await authenticator
    .authenticate(credentials, { signal: new AbortController().signal })
    .catch((error: SessionInitError) => error);
  const asked = backends.filter(({ seen }) => seen.length > 0);
  expect(asked).toEqual(backends.slice(0, asked.length));
  expect(outcome.path?.map(({ backend }) => backend)).toEqual(asked.map(({ name }) => name));
  if (outcome instanceof SessionInitError) {
    if (outcome instanceof OverloadedError) expect(outcome.retryAfter).toBe(7);
    return { asked: asked.length, result: outcome.code, groups: [] };
  }
  if (outcome.outcome === 'denied') return { asked: asked.length, result: `no ${outcome.cause}`, groups: [] };
  const groups = (outcome.groups ?? []).filter((group) => group !== 'all').map((group) => Number(group.slice(1)));
  return { asked: asked.length, result: `yes ${outcome.user}`, groups };
}

test('a chain does what its rules say, whatever they are and whatever its links answer', async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(arbitraryLink, { minLength: 1, maxLength: 5 }), async (links) => {
      const expected = oracle(links);
      seen.add(expected.result.replace(/ l\d/, ''));
      expect(await run(links)).toEqual(expected);
    }),
    { numRuns: 5_000 },
  );
  // What is never reached is not tested.
  expect([...seen].sort()).toEqual([
    'backend_fault',
    'no excluded',
    'no notEnrolled',
    'no undefined',
    'no unknownUser',
    'no wrongSecret',
    'overloaded',
    'yes:alice',
  ]);
}, 120_000);

test('no chain says yes unless a link that may say yes did, and none that was at fault is a denial', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(arbitraryLink, { minLength: 1, maxLength: 5 }), async (links) => {
      const { result, asked } = await run(links);
      if (result.startsWith('yes')) expect(links.slice(0, asked).some(isYes)).toBe(true);
      if (result.startsWith('no')) expect(links.slice(0, asked).some(isFault)).toBe(false);
    }),
    { numRuns: 2_000 },
  );
}, 120_000);
