import { readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import { SETTINGS, serverConfigJsonSchema } from '../../src/server/config-outline.js';
import { serverConfigSchema } from '../../src/server/config-schema.js';
import { root } from '../support/package-exports.js';

const ajv = new Ajv({ strict: true, allErrors: true, formats: { ipv4: isIPv4 } });
const fits = ajv.compile(serverConfigJsonSchema);

describe('the JSON Schema of the configuration', () => {
  test('schemas/server-config.schema.json is not stale (else: npm run build && node scripts/write-schemas.js)', () => {
    const file = readFileSync(`${root}schemas/server-config.schema.json`, 'utf8');
    expect(file).toBe(`${JSON.stringify(serverConfigJsonSchema, null, 2)}\n`);
  });

  test('has a description for every setting, and for every part', () => {
    const undescribed: string[] = [];
    const visit = (path: string, node: unknown) => {
      const {
        description,
        const: constant,
        properties = {},
        oneOf = [],
      } = node as {
        description?: string;
        const?: unknown;
        properties?: Record<string, unknown>;
        oneOf?: unknown[];
      };
      const isVariant = path.endsWith('|') || typeof constant === 'string';
      if (description === undefined && !isVariant) undescribed.push(path);
      for (const [name, part] of Object.entries(properties)) visit(`${path}.${name}`, part);
      for (const variant of oneOf) visit(`${path}|`, variant);
    };
    visit('', serverConfigJsonSchema);
    expect(undescribed).toEqual([]);
  });

  test.each<[string, unknown]>([
    ['nothing', {}],
    ['a schema of its own', { $schema: './server-config.schema.json' }],
    ['an unknown setting', { listening: {} }],
    ['an unknown setting of a part', { listen: { prot: 1 } }],
    ['a port that is text', { listen: { port: '3012' } }],
    ['a port beyond the last', { listen: { port: 65_536 } }],
    ['half of TLS', { listen: { tls: { cert: 'a' } } }],
    ['static users without the word', { authenticator: { type: 'static', users: { a: 'b' } } }],
    ['static users', { authenticator: { type: 'static', users: { a: 'b' }, allowInsecureStaticUsers: true } }],
    ['a path for the memory', { sessionManager: { type: 'memory', path: 'x' } }],
    ['groups', { authorizer: { type: 'groups', anyOf: ['a'], noneOf: ['b'] } }],
    ['a limit beyond what NIST allows', { throttle: { account: { maxFailures: 101 } } }],
    ['a deadline of nothing', { deadlines: { request: 0 } }],
  ])('and the server agree on %s', (_, value) => {
    expect(fits(value)).toBe(serverConfigSchema.safeParse(value).success);
  });
});

test('every setting has a variable of its own', () => {
  const variables = SETTINGS.map(({ variable }) => variable);
  expect(new Set(variables).size).toBe(variables.length);
  expect(variables).toEqual(
    expect.arrayContaining([
      'SESSION_INIT_DATA_DIR',
      'SESSION_INIT_LISTEN_TLS_CERT',
      'SESSION_INIT_THROTTLE_ACCOUNT_MAX_FAILURES',
      'SESSION_INIT_SESSION_MANAGER_LIMIT_POLICY',
    ]),
  );
  expect(variables.every((variable) => /^SESSION_INIT(_[A-Z]+)+$/.test(variable))).toBe(true);
  expect(variables).not.toContain('SESSION_INIT_AUTHENTICATOR_USERS');
});
