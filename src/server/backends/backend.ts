import type * as z from 'zod';
import type { BreakerChange } from '../../adapters/resilience/index.js';
import type { UsedSteps } from '../../adapters/used-steps.js';
import type { Authenticator, Authorizer, Clock, Secret } from '../../index.js';
import type { Logger } from '../logging/logger.js';
import type { SecretSource } from '../settings.js';

/** What a backend is opened with, beside its own settings. */
export interface BackendContext {
  /** The name that the configuration gives it; undefined for the one that has none. */
  readonly name: string | undefined;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told of each change of a circuit breaker, beside the log. */
  readonly onBreakerChange?: ((change: BreakerChange) => void) | undefined;
  /** Remembers used codes in the store of the sessions; undefined if no other node shares that. */
  readonly usedSteps?: (() => UsedSteps) | undefined;
  /** @throws ConfigurationError if there is no secret where `source` says */
  readSecret(source: SecretSource): Promise<Secret>;
  /** The authenticator of that name in `authenticators`: what is made of several asks for its parts. */
  authenticator(name: string): Promise<Authenticator>;
}

/** The settings of a backend: an object whose `type` chooses it. */
export type BackendSchema = z.ZodObject<{ type: z.ZodLiteral<string> }>;

/**
 * An adapter as the configuration knows it. `open` opens it, so that it can be used; if that fails, it leaves nothing
 * behind.
 */
export interface Backend<Schema extends BackendSchema, Port> {
  readonly schema: Schema;
  open(settings: z.output<Schema>, context: BackendContext): Port | Promise<Port>;
}

export const authenticatorBackend = <Schema extends BackendSchema>(backend: Backend<Schema, Authenticator>) => backend;

export const authorizerBackend = <Schema extends BackendSchema>(backend: Backend<Schema, Authorizer>) => backend;

/** Options without those that are not set: what is optional in the configuration is optional in an adapter. */
export function given<Options extends object>(
  options: Options,
): { [Name in keyof Options]: Exclude<Options[Name], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}
