// Writes schemas/*.json, which the package ships, from src: `npm run build && node scripts/write-schemas.js`.
import { writeFileSync } from 'node:fs';
import { httpAuthenticatorSchemas } from '../dist/adapters/authenticators/http/messages.js';
import * as messages from '../dist/model/schemas.js';
import { serverConfigJsonSchema } from '../dist/server/config-outline.js';

for (const schema of [...Object.values(messages), ...httpAuthenticatorSchemas]) write(schema.title, schema);
write('server-config.schema', serverConfigJsonSchema);

function write(name, schema) {
  writeFileSync(new URL(`../schemas/${name}.json`, import.meta.url), `${JSON.stringify(schema, null, 2)}\n`);
}
