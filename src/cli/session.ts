import type { Command } from 'commander';
import { withConfigOptions } from './config-options.js';
import { runCount } from './session/count.js';
import { runList } from './session/list.js';
import { runRevoke } from './session/revoke.js';

/** `session-init session list|count|revoke`: the sessions in the store, also while servers run on it. */
export function addSessionCommands(program: Command): void {
  const session = program.command('session').description('list, count or revoke the sessions in the store');
  session.addHelpText(
    'after',
    `
Where the sessions are is in the configuration of the servers: --config. What is in the memory of a server cannot be seen.

Examples:
  session-init session list --user alice
  session-init session list --json --limit 1000 --after 4711
  session-init session revoke 17 18
  session-init session revoke --user alice`,
  );

  const list = session
    .command('list')
    .description('list the live sessions, in ascending order of id')
    .option('--user <name>', 'only those of a user')
    .option('--limit <number>', 'at most so many')
    .option('--after <id>', 'only those with a greater id: the last one of the list before')
    .option('--json', 'print one JSON array, a session in each line');
  withConfigOptions(list).action(runList);

  const count = session
    .command('count')
    .description('count the live sessions')
    .option('--user <name>', 'only those of a user')
    .option('--json', 'print JSON');
  withConfigOptions(count).action(runCount);

  const revoke = session
    .command('revoke')
    .description('end sessions at once; servers that run close their connections')
    .argument('[ids...]', 'the ids of the sessions')
    .option('--user <name>', 'all sessions of a user')
    .option('--all', 'all sessions of all users');
  withConfigOptions(revoke).action(runRevoke);
}
