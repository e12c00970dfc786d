// Takes out of dist/ what was compiled from a source that is gone, so that the package holds no more than its sources make.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const compiled = /\.(?:d\.ts|js\.map|js)$/;

if (existsSync(dist)) {
  for (const entry of readdirSync(dist, { recursive: true })) {
    if (!compiled.test(entry)) continue;
    if (!existsSync(join(root, 'src', entry.replace(compiled, '.ts')))) rmSync(join(dist, entry));
  }
}
