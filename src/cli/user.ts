import { dirname } from 'node:path';
import type { Command } from 'commander';
import type { UserEntry } from '../adapters/authenticators/users-file.js';
import { ConfigurationError } from '../model/errors.js';
import { openDataFolder, usersFileOf } from '../server/data-folder.js';
import { printable } from '../server/logging/printable.js';
import { type ConfigOptions, loadConfig, withConfigOptions } from './config-options.js';
import { EXIT } from './exit-codes.js';
import { readSecret, withSecretOption } from './read-secret.js';
import { complain, print, printJson, table } from './terminal.js';

/** `session-init user add|passwd|remove|list`: the users of a users file, also while the server runs. */
export function addUserCommands(program: Command): void {
  const user = program.command('user').description('add, change, remove or list the users of the users file');
  user.addHelpText(
    'after',
    `
Examples:
  session-init user add alice --group ops --group staff     asks for the secret, twice
  session-init user passwd alice --secret-file new-secret
  session-init user list --json`,
  );

  const add = user
    .command('add')
    .description('add a user')
    .argument('<name>', 'the user name')
    .option('--group <name>', 'a group that the user is in; may be repeated', collect, []);
  withSecretOption(withConfigOptions(add)).action(runAdd);

  const passwd = user.command('passwd').description("change a user's secret").argument('<name>', 'the user name');
  withSecretOption(withConfigOptions(passwd)).action(runPasswd);

  const remove = user.command('remove').description('remove a user').argument('<name>', 'the user name');
  withConfigOptions(remove).action(runRemove);

  const list = user.command('list').description('list the users').option('--json', 'print JSON');
  withConfigOptions(list).action(runList);
}

/** Not loaded for other commands. */
const usersFiles = () => import('../adapters/authenticators/users-file.js');

async function runAdd(name: string, options: ConfigOptions & { group: string[] }): Promise<void> {
  const { file, folder } = await usersFile(options);
  const hash = await askForHash(name, options);
  // A users file may be the first thing in the data folder.
  const warning = folder === dirname(file) ? await openDataFolder(folder) : undefined;
  if (warning !== undefined) complain(warning);
  const { writeUsersFile } = await usersFiles();
  const isNew = await writeUsersFile(file, (users) => {
    if (users.has(name)) return false;
    users.set(name, { hash, groups: options.group, disabled: false });
    return true;
  });
  if (isNew) print(`${printable(name, 255)} is added to ${file}`);
  else refuse(`There is a user ${printable(name, 255)} already. "user passwd" changes the secret.`);
}

async function runPasswd(name: string, options: ConfigOptions): Promise<void> {
  const { file } = await usersFile(options);
  const { readUsersFile, writeUsersFile } = await usersFiles();
  if (!(await readUsersFile(file)).users.has(name)) return refuse(noUser(name, file));
  const hash = await askForHash(name, options);
  const isChanged = await writeUsersFile(file, (users) => {
    const user = users.get(name);
    if (user !== undefined) users.set(name, { ...user, hash });
    return user !== undefined;
  });
  if (!isChanged) return refuse(noUser(name, file));
  print(`The secret of ${printable(name, 255)} is changed.`);
  tellOfSessions(name);
}

async function runRemove(name: string, options: ConfigOptions): Promise<void> {
  const { file } = await usersFile(options);
  const { readUsersFile, writeUsersFile } = await usersFiles();
  // A file that is not there must not be made, only to find nobody in it.
  await readUsersFile(file);
  if (!(await writeUsersFile(file, (users) => users.delete(name)))) return refuse(noUser(name, file));
  print(`${printable(name, 255)} is removed.`);
  tellOfSessions(name);
}

async function runList(options: ConfigOptions & { json?: true }): Promise<void> {
  const { file } = await usersFile(options);
  const { readUsersFile } = await usersFiles();
  const { users } = await readUsersFile(file);
  if (options.json) return printJson([...users].map(([name, user]) => described(name, user)));
  const rows = [...users].map(([name, { groups, disabled, hash }]) => [
    printable(name, 255),
    disabled ? 'disabled' : '',
    hash.weak ? `${hash.scheme} (weak)` : hash.scheme,
    printable(groups.join(', '), 1_000),
  ]);
  for (const line of table([['USER', 'STATE', 'HASH', 'GROUPS'], ...rows])) print(line);
}

function described(name: string, { groups, disabled, hash }: UserEntry): object {
  return { user: name, groups, disabled, hash: hash.scheme, weak: hash.weak };
}

async function usersFile(options: ConfigOptions): Promise<{ file: string; folder: string }> {
  const { config } = await loadConfig(options, false);
  const file = usersFileOf(config);
  if (file !== undefined) return { file, folder: config.dataDir };
  throw new ConfigurationError('The configuration has no users file: authenticator.type is not users-file.');
}

async function askForHash(name: string, options: ConfigOptions) {
  const user = printable(name, 255);
  const { hashPassword } = await usersFiles();
  return hashPassword(await readSecret(options, [`New secret of ${user}:`, 'Once more:']));
}

function collect(value: string, previous: string[]): string[] {
  return [...previous, value];
}

function noUser(name: string, file: string): string {
  return `There is no user ${printable(name, 255)} in ${file}. "user list" shows who is.`;
}

function tellOfSessions(name: string): void {
  print(`Sessions go on until they end; to end them now: session-init session revoke --user ${printable(name, 255)}`);
}

function refuse(message: string): void {
  complain(message);
  process.exitCode = EXIT.refused;
}
