import { valueAt } from '../server/config-layers.js';
import { SETTINGS } from '../server/config-outline.js';
import type { ServerConfig } from '../server/config-schema.js';
import { databaseOf, usersFileOf } from '../server/data-folder.js';
import type { LoadedServerConfig } from '../server/load-config.js';
import { print, printJson, styled, table } from './terminal.js';

/** Shows the configuration that comes out of all sources, with every default in place, and no secret. */
export function showConfig({ config, sourceOf }: LoadedServerConfig, asJson: boolean): void {
  const effective = {
    ...config,
    authenticator: { ...config.authenticator, ...pathOf(usersFileOf(config)), ...withoutSecrets(config) },
    sessionManager: { ...config.sessionManager, ...pathOf(databaseOf(config)) },
  };
  if (asJson) {
    printJson(effective);
    return;
  }
  const rows = SETTINGS.flatMap(({ path }) => {
    const value = valueAt(effective, path);
    return value === undefined ? [] : [[path.join('.'), String(value), `(${sourceOf(path.join('.'))})`]];
  });
  for (const line of table(rows)) print(line);
  print(styled('green', '\nThe configuration can be used.'));
}

/** What is shown may be taken for a configuration again, and must not be one in which a placeholder is a secret. */
function withoutSecrets({ authenticator }: ServerConfig): { users?: Record<string, null> } {
  if (authenticator.type !== 'static') return {};
  return { users: Object.fromEntries(Object.keys(authenticator.users).map((user) => [user, null])) };
}

function pathOf(path: string | undefined): { path?: string } {
  return path === undefined ? {} : { path };
}
