import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const fromThere = createRequire(new URL('../frameworks/package.json', import.meta.url));

/** Whether what `bench/frameworks` names is installed. */
export function hasFrameworks() {
  try {
    fromThere.resolve('better-auth');
    return true;
  } catch {
    return false;
  }
}

/** Imports a package of `bench/frameworks`. */
export async function importFramework(name) {
  return import(pathToFileURL(fromThere.resolve(name)).href);
}
