// What the page of the inspector has beside its scripts goes where the compiler puts these.
import { copyFileSync, readdirSync } from 'node:fs';

const from = new URL('../src/inspector/page/', import.meta.url);
const to = new URL('../dist/inspector/page/', import.meta.url);
for (const name of readdirSync(from)) {
  if (/\.(html|css|svg)$/.test(name)) copyFileSync(new URL(name, from), new URL(name, to));
}
