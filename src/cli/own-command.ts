import { basename, dirname, relative } from 'node:path';

/** How this very command is called from the working directory, so that what is shown can be copied. */
export function ownCommand(script: string = process.argv[1] ?? '', folder: string = process.cwd()): string {
  if (basename(script) !== 'session-init') return `node ${relative(folder, script)}`;
  return basename(dirname(script)) === '.bin' ? 'npx session-init' : 'session-init';
}
