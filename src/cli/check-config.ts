import { isJsonObject } from '../model/json.js';
import { Secret } from '../model/secret.js';
import { openBackends } from '../server/backends/open-backends.js';
import { type Probe, type Probed, probeBackends } from '../server/backends/probe-backends.js';
import { databaseOf, makeStore } from '../server/backends/session-manager.js';
import { isFirstStart, usersFileOf } from '../server/data-folder.js';
import type { LoadedServerConfig } from '../server/load-config.js';
import { createLogger } from '../server/logging/logger.js';
import { complain, print, printJson, styled, table } from './terminal.js';

/** Shows the configuration that comes out of all sources, with every default in place, and no secret. */
export function showConfig({ config, sourceOf }: LoadedServerConfig, asJson: boolean, probes?: readonly Probe[]): void {
  const effective = withoutSecrets({
    ...config,
    authenticator: {
      ...config.authenticator,
      ...(config.authenticator.type === 'users-file' && pathOf(usersFileOf(config))),
    },
    sessionManager: { ...config.sessionManager, ...pathOf(databaseOf(config)) },
  });
  if (asJson) {
    printJson(probes === undefined ? effective : { config: effective, probes });
    return;
  }
  const rows = leavesOf(effective).map(([setting, value]) => [setting, value, `(${sourceOf(setting)})`]);
  for (const line of table(rows)) print(line);
  print(styled('green', '\nThe configuration can be used.'));
  if (probes !== undefined) showProbes(probes);
}

/**
 * Opens the backends of a configuration, and makes its store, as a start of the server would.
 *
 * @param isProbe - whether each is asked for a sign of life
 * @throws ConfigurationError if one cannot be opened
 */
export async function tryBackends({ config }: LoadedServerConfig, isProbe: boolean): Promise<readonly Probe[]> {
  // The very first start makes what is not there yet.
  if (!isProbe && isFirstStart(config)) return [];
  const logger = await createLogger({ ...config.log, level: 'warn' });
  const { sessionManager, usedSteps } = await makeStore(config, { logger });
  try {
    const backends = await openBackends(config, { logger, usedSteps });
    const byPlace = new Map<string, Probed>([...backends.byPlace, ['sessionManager', sessionManager]]);
    try {
      return isProbe ? await probeBackends({ byPlace }, config.deadlines.authentication) : [];
    } finally {
      await backends.close();
    }
  } finally {
    await sessionManager.close?.();
  }
}

function showProbes(probes: readonly Probe[]): void {
  print();
  for (const line of table(probes.map(({ place, backend, outcome }) => [place, backend, OUTCOMES[outcome]])))
    print(line);
  for (const { place, problem } of probes) {
    if (problem !== undefined) complain(`${styled('red', 'error:', process.stderr)} ${place}: ${problem}`);
  }
}

const OUTCOMES = { answered: 'answers', failed: 'does not answer', local: 'has nothing to ask' } as const;

/** Every setting that is no object, with its path and its value as text. */
function leavesOf(value: unknown, path: readonly string[] = []): [setting: string, value: string][] {
  if (value === undefined) return [];
  if (!isJsonObject(value)) return [[path.join('.'), asText(value)]];
  return Object.entries(value).flatMap(([name, part]) => leavesOf(part, [...path, name]));
}

/** A list of objects has its settings in it; any other is shown as it is written in a variable. */
function asText(value: unknown): string {
  return Array.isArray(value) && value.some(isJsonObject) ? JSON.stringify(value) : String(value);
}

/** What is shown may be taken for a configuration again, and must not be one in which a placeholder is a secret. */
function withoutSecrets(value: unknown): unknown {
  if (value instanceof Secret) return null;
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, withoutSecrets(part)]));
}

function pathOf(path: string | undefined): { path?: string } {
  return path === undefined ? {} : { path };
}
