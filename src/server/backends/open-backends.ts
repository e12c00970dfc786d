import { type Authenticator, type Authorizer, type Clock, ConfigurationError, systemClock } from '../../index.js';
import { markedSettings } from '../config-outline.js';
import type { ServerConfig } from '../config-schema.js';
import type { Logger } from '../logging/logger.js';
import type { Backend, BackendContext, BackendSchema } from './backend.js';
import { placed } from './placed.js';
import { readSecret } from './read-secret.js';
import { AUTHENTICATORS, AUTHORIZERS } from './registry.js';

/** What a server asks. */
export interface OpenBackends {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  /** Every backend that was opened, by its place in the configuration: `authenticators.corp`. */
  readonly byPlace: ReadonlyMap<string, Authenticator | Authorizer>;
  close(): Promise<void>;
}

/** What backends are opened with. */
export interface OpenBackendsOptions {
  logger: Logger;
  /** Told of each change of a circuit breaker, beside the log. */
  onBreakerChange?: BackendContext['onBreakerChange'];
  /** @defaultValue in memory */
  usedSteps?: BackendContext['usedSteps'];
  /** @defaultValue {@link systemClock} */
  clock?: Clock;
  /** @defaultValue `process.env` */
  environment?: NodeJS.ProcessEnv;
}

/**
 * Opens the authenticator and the authorizer of a configuration, and before them what they are made of. What fails to
 * open leaves nothing open.
 *
 * @throws ConfigurationError if a setting, a file or a secret cannot be used, with its place
 * @throws MissingPackageError if the package that an adapter needs is not installed
 */
export async function openBackends(config: ServerConfig, options: OpenBackendsOptions): Promise<OpenBackends> {
  const { logger, onBreakerChange, usedSteps, clock = systemClock, environment = process.env } = options;
  const byPlace = new Map<string, Authenticator | Authorizer>();
  const named = new Map<string, Promise<Authenticator>>();

  const context = (name?: string): BackendContext => ({
    name,
    ...{ dataDir: config.dataDir, clock, logger, onBreakerChange, usedSteps, authenticator },
    readSecret: (source) => readSecret(source, environment, logger),
  });

  async function open<Port extends Authenticator | Authorizer>(
    backends: readonly unknown[],
    settings: { readonly type: string },
    place: string,
    name?: string,
  ): Promise<Port> {
    const backend = (backends as readonly Backend<BackendSchema, Port>[]).find(
      ({ schema }) => schema.shape.type.value === settings.type,
    ) as Backend<BackendSchema, Port>;
    try {
      const opened = await backend.open(settings, context(name));
      byPlace.set(place, opened);
      return opened;
    } catch (error) {
      throw placed(error, place);
    }
  }

  /** One that several are made of is opened once. That none is made of itself was checked as the configuration was. */
  function authenticator(name: string): Promise<Authenticator> {
    const settings = config.authenticators[name] as { type: string };
    const opening = named.get(name) ?? open<Authenticator>(AUTHENTICATORS, settings, `authenticators.${name}`, name);
    named.set(name, opening);
    return opening;
  }

  async function close(): Promise<void> {
    await Promise.allSettled(named.values());
    const closed = await Promise.allSettled([...byPlace.values()].map(async (backend) => backend.close?.()));
    const failed = closed.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  // All at once, so that what is wrong with each of them is told.
  const parts = markedSettings(config).filter(({ mark }) => mark === 'authenticator');
  const opening = await Promise.allSettled([
    open<Authenticator>(AUTHENTICATORS, config.authenticator, 'authenticator'),
    open<Authorizer>(AUTHORIZERS, config.authorizer, 'authorizer'),
    ...parts.map(({ value }) => authenticator(value as string)),
  ]);
  const [first, second] = opening;
  if (first.status === 'fulfilled' && second.status === 'fulfilled') {
    return { authenticator: first.value, authorizer: second.value, byPlace, close };
  }
  await close().catch(() => {});
  throw together(new Set(opening.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))));
}

/** Several problems in one. Anything else, such as a package that is missing, goes first. */
function together(errors: ReadonlySet<unknown>): unknown {
  const [only, ...others] = errors;
  const other = [...errors].find((error) => !(error instanceof ConfigurationError));
  if (other !== undefined || others.length === 0) return other ?? only;
  const problems = [...errors].flatMap((error) => (error as ConfigurationError).problems);
  return new ConfigurationError(problems.join(' '), { problems });
}
