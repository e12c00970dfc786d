// Writes schemas/*.json, which the package ships, from src/model/schemas.ts: `npm run build && node scripts/write-schemas.js`.
import { writeFileSync } from 'node:fs';
import * as schemas from '../dist/model/schemas.js';

for (const schema of Object.values(schemas)) {
  writeFileSync(new URL(`../schemas/${schema.title}.json`, import.meta.url), `${JSON.stringify(schema, null, 2)}\n`);
}
