import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The root of the checkout, with a slash at its end. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** `package.json`, as far as tests read it. */
export const manifest: {
  name: string;
  exports: Record<string, string | { default: string }>;
  peerDependenciesMeta: Record<string, { optional: boolean }>;
} = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));

/** Each module that the package exports: by what name it is imported, and the source that it is built from. */
export const exportedModules = Object.entries(manifest.exports).flatMap(([subpath, target]) =>
  typeof target === 'string'
    ? []
    : [
        {
          specifier: manifest.name + subpath.slice(1),
          source: target.default.replace(/^\.\/dist\/(.+)\.js$/, 'src/$1.ts'),
        },
      ],
);
