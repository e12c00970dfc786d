import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import type { SessionManager } from '../adapters/ports.js';
import { ConfigurationError } from '../model/errors.js';
import type { FullAuthSession } from '../model/session.js';
import { databaseOf } from '../server/backends/session-manager.js';
import { printable } from '../server/logging/printable.js';
import { type ConfigOptions, loadConfig, withConfigOptions } from './config-options.js';
import { EXIT } from './exit-codes.js';
import { complain, print, printJson, table } from './terminal.js';

/** `session-init session list|revoke`: the sessions in the database, also while the server runs. */
export function addSessionCommands(program: Command): void {
  const session = program.command('session').description('list or revoke the sessions in the database');
  session.addHelpText(
    'after',
    `
Examples:
  session-init session list --user alice
  session-init session revoke 17 18
  session-init session revoke --user alice`,
  );

  const list = session
    .command('list')
    .description('list the live sessions')
    .option('--user <name>', 'only those of a user')
    .option('--json', 'print JSON');
  withConfigOptions(list).action(runList);

  const revoke = session
    .command('revoke')
    .description('end sessions at once; a running server closes their connections')
    .argument('[ids...]', 'the ids of the sessions')
    .option('--user <name>', 'all sessions of a user')
    .option('--all', 'all sessions of all users');
  withConfigOptions(revoke).action(runRevoke);
}

async function runList(options: ConfigOptions & { user?: string; json?: true }): Promise<void> {
  const sessions = await withSessions(options, async (manager) => {
    const found: FullAuthSession[] = [];
    for await (const page of pages(manager, options.user)) found.push(...page);
    return found;
  });
  if (options.json) return printJson(sessions);
  const rows = sessions.map((session) => [
    String(session.session_id),
    printable(session.user, 255),
    printable(session.ip_address, 255),
    session.created?.toISOString() ?? '',
    session.last_accessed?.toISOString() ?? '',
  ]);
  for (const line of table([['ID', 'USER', 'ADDRESS', 'CREATED', 'LAST USED'], ...rows])) print(line);
}

async function runRevoke(
  ids: readonly string[],
  options: ConfigOptions & { user?: string; all?: true },
): Promise<void> {
  const ways = [ids.length > 0, options.user !== undefined, options.all === true].filter(Boolean).length;
  if (ways !== 1) throw new ConfigurationError('Name the ids of sessions, or a --user, or --all: one of these.');
  const wanted = ids.map(sessionId);
  const missing = await withSessions(options, (manager) =>
    wanted.length > 0 ? revokeById(manager, wanted) : revokeByUser(manager, options.user),
  );
  for (const id of missing) complain(`There is no session ${id}.`);
  if (missing.length > 0) process.exitCode = EXIT.refused;
}

/** @returns the ids of which there was no session */
async function revokeById(manager: SessionManager, ids: readonly number[]): Promise<number[]> {
  const missing: number[] = [];
  for (const id of ids) {
    if (await manager.remove(id)) print(`Session ${id} is revoked.`);
    else missing.push(id);
  }
  return missing;
}

async function revokeByUser(manager: SessionManager, user: string | undefined): Promise<number[]> {
  let count = 0;
  for await (const page of pages(manager, user)) {
    for (const { session_id } of page) if (await manager.remove(session_id)) count += 1;
  }
  print(`${count} ${count === 1 ? 'session is' : 'sessions are'} revoked.`);
  return [];
}

async function* pages(manager: SessionManager, user: string | undefined): AsyncGenerator<readonly FullAuthSession[]> {
  for (let after = 0; ; ) {
    const page = await manager.listByUser(user, { after });
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    after = last.session_id;
  }
}

async function withSessions<Result>(
  options: ConfigOptions,
  use: (manager: SessionManager) => Promise<Result>,
): Promise<Result> {
  const { config } = await loadConfig(options, false);
  const path = databaseOf(config);
  if (path === undefined) {
    throw new ConfigurationError('The sessions are in the memory of the server: sessionManager.type is not sqlite.');
  }
  if (!existsSync(path)) {
    throw new ConfigurationError(`There is no database ${path}. Has the server run here? --data-dir names its folder.`);
  }
  const { openSessionManager } = await import('../server/backends/session-manager.js');
  const manager = await openSessionManager(config);
  try {
    return await use(manager);
  } finally {
    await manager.close?.();
  }
}

function sessionId(text: string): number {
  const id = Number(text);
  if (Number.isSafeInteger(id) && id > 0) return id;
  throw new ConfigurationError('The id of a session is a positive whole number: "session list" shows them.');
}
