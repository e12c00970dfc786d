import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';

/** A file of the page, as it is served. */
export interface PageFile {
  type: string;
  body: Buffer;
}

const PAGE = 'inspector/page';
/** What the page imports beyond its own folder. A test follows its imports. */
const SHARED = ['inspector/protocol.js', 'inspector/recorded-init.js', 'graph/svg-path.js', 'model/json.js'];

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * The files of the page by their paths, which are those in the built package. They are read once and looked up in a map,
 * so that no request comes near the file system.
 *
 * @param root - the folder of the built package
 */
export function readPageFiles(root: string): ReadonlyMap<string, PageFile> {
  const own = readdirSync(join(root, PAGE)).map((name) => `${PAGE}/${name}`);
  const files = new Map<string, PageFile>();
  for (const path of [...own, ...SHARED]) {
    const type = TYPES[extname(path)];
    if (type !== undefined) files.set(`/${path}`, { type, body: readFileSync(join(root, path)) });
  }
  const index = files.get(`/${PAGE}/index.html`);
  if (index !== undefined) files.set('/', index);
  return files;
}
