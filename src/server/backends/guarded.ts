import * as z from 'zod';
import {
  type BreakerChange,
  cached,
  type ResilienceOptions,
  type Resilient,
  resilient,
} from '../../adapters/resilience/index.js';
import type { Authenticator, Authorizer } from '../../index.js';
import { breakerLog } from '../logging/breaker-log.js';
import { count, milliseconds } from '../settings.js';
import { type Backend, type BackendContext, type BackendSchema, given } from './backend.js';

const breaker = z
  .strictObject({
    enabled: z.boolean().default(true).describe('Whether there is one.'),
    failures: z.int().min(1).optional().describe('It opens after so many failures in a row. By default 5.'),
    failureRate: z
      .number()
      .gt(0)
      .lt(1)
      .optional()
      .describe('In place of failures: it opens when more than this share of the last calls failed.'),
    outOf: z.int().min(1).max(10_000).optional().describe('Of how many calls failureRate is a share. By default 20.'),
    openFor: milliseconds(10_000, 'So long nobody is asked; then one call tries.'),
  })
  .refine(({ failures, failureRate }) => failures === undefined || failureRate === undefined, {
    error: 'it has either failures or failureRate. Take one of them out.',
  })
  .refine(({ failureRate, outOf }) => outOf === undefined || failureRate !== undefined, {
    error: 'outOf goes with failureRate. Add that, or take outOf out.',
  })
  .prefault({})
  .describe('When the backend is not asked any more, since it fails.');

const resilience = z
  .strictObject({
    deadline: milliseconds(4_000, 'One call. It must be shorter than the deadline of the phase.'),
    maxConcurrent: count(64, 'Calls under way at once.'),
    maxQueued: count(256, 'Calls that wait for their turn; more are refused as overloaded.', 0),
    breaker,
    retries: z
      .int()
      .min(0)
      .max(10)
      .default(0)
      .describe('How often a call that never reached the backend is made once more.'),
    retryDelay: milliseconds(100, 'The wait before the first of them, more or less.'),
  })
  .optional()
  .describe('Keeps a backend that is slow or down from harming others. Off where it is not given.');

const cache = z
  .strictObject({
    ttl: z
      .int()
      .min(1)
      .max(300_000)
      .default(10_000)
      .describe('A yes is repeated for so long, and a changed password goes unnoticed. In milliseconds.'),
    maxEntries: count(1_000, 'How many are kept.'),
  })
  .optional()
  .describe('Repeats a yes for a short time without asking the backend. Off where it is not given.');

/** What a guarded backend has beside its own settings. */
type AuthenticatorGuards = { resilience: typeof resilience; cache: typeof cache };

type AuthorizerGuards = Pick<AuthenticatorGuards, 'resilience'>;

type Guarded<Schema extends BackendSchema, Guards> = z.ZodObject<Schema['shape'] & Guards, z.core.$strict>;

/** The same authenticator, with settings for when it is slow or down, and for a cache. */
export function guardedAuthenticator<Schema extends BackendSchema>({
  schema,
  open,
}: Backend<Schema, Authenticator>): Backend<Guarded<Schema, AuthenticatorGuards>, Authenticator> {
  return {
    schema: schema.safeExtend({ resilience, cache }) as never,
    async open(settings, context) {
      const { resilience, cache, ...own } = settings as z.output<z.ZodObject<AuthenticatorGuards>>;
      const authenticator = await open(own as z.output<Schema>, context);
      const guarded = resilience
        ? await opened(resilient(authenticator, optionsOf(resilience, context)))
        : authenticator;
      return cache ? cached(guarded, { ...cache, clock: context.clock }) : guarded;
    },
  };
}

/** The same authorizer, with settings for when it is slow or down. */
export function guardedAuthorizer<Schema extends BackendSchema>({
  schema,
  open,
}: Backend<Schema, Authorizer>): Backend<Guarded<Schema, AuthorizerGuards>, Authorizer> {
  return {
    schema: schema.safeExtend({ resilience }) as never,
    async open(settings, context) {
      const { resilience, ...own } = settings as z.output<z.ZodObject<AuthorizerGuards>>;
      const authorizer = await open(own as z.output<Schema>, context);
      return resilience ? opened(resilient(authorizer, optionsOf(resilience, context))) : authorizer;
    },
  };
}

/** A package that is missing is told when the server starts. */
async function opened<Port>(backend: Resilient<Port>): Promise<Resilient<Port>> {
  try {
    await backend.open();
    return backend;
  } catch (cause) {
    await backend.close();
    throw cause;
  }
}

function optionsOf(
  { breaker: { enabled, ...breaker }, ...rest }: NonNullable<z.output<typeof resilience>>,
  { clock, logger, onBreakerChange }: BackendContext,
): ResilienceOptions {
  const log = breakerLog(logger);
  const onStateChange = (change: BreakerChange) => {
    log(change);
    onBreakerChange?.(change);
  };
  return { ...rest, breaker: enabled && given(breaker), clock, onStateChange };
}
