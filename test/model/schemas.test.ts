import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import * as schemas from '../../src/model/schemas.js';
import { root } from '../support/package-exports.js';
import { readSeedSections, SEED_COPIES, type SeedSection } from '../support/seed.js';

const { sessionInitResponseSchema, sessionInitMessageSchema } = schemas;

/** What of a JSON Schema the seed's document shows. */
interface Shown {
  title?: string;
  description?: string;
  type?: string;
  format?: string;
  default?: unknown;
  minLength?: number;
  maxLength?: number;
  enum?: readonly string[];
  anyOf?: readonly { $ref: string }[];
  properties?: Record<string, Shown>;
  required?: readonly string[];
  definitions?: Record<string, Shown>;
}

const ANY_ALLOWED = '[[Any type: allowed]](# "Additional Properties of any type are allowed.")';

/** The section that the seed would have for a schema: the document's generator, as far as the seed uses it. */
function sectionOf(schema: Shown, anchor: string, heading: string, more: Record<string, string>): SeedSection {
  const { Required = 'No', ...last } = more;
  return {
    anchor,
    heading,
    title: schema.title,
    description: schema.description,
    facts: {
      Type: schema.anyOf ? 'combining' : schema.enum ? `enum (of ${schema.type})` : (schema.type ?? ''),
      Required,
      ...('default' in schema && { Default: JSON.stringify(schema.default) }),
      ...(schema.format !== undefined && { Format: schema.format }),
      ...((schema.anyOf ?? schema.properties) && !('additionalProperties' in schema)
        ? { 'Additional properties': ANY_ALLOWED }
        : {}),
      ...last,
    },
    restrictions: {
      ...(schema.minLength !== undefined && { 'Min length': `${schema.minLength}` }),
      ...(schema.maxLength !== undefined && { 'Max length': `${schema.maxLength}` }),
    },
    values: (schema.enum ?? []).map((value) => JSON.stringify(value)),
    anyOf: (schema.anyOf ?? []).map(({ $ref }, index) => `[${$ref.split('/').at(-1)}](#${anchor}_anyOf_i${index})`),
  };
}

function propertySections(schema: Shown, anchor: string, number: string, path: string): SeedSection[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property], index) => {
    const required = schema.required?.includes(name);
    const heading = `${number}${index + 1}. [${required ? 'Required' : 'Optional'}] Property ${path} > ${name}`;
    // The generator shows where an enumeration is defined, and this one is defined where it is used.
    const definedIn: Record<string, string> = property.enum ? { 'Defined in': '' } : {};
    const ownSection = sectionOf(property, `${anchor}${name}`, heading, {
      Required: required ? 'Yes' : 'No',
      ...definedIn,
    });
    return [ownSection, ...optionSections(property, `${anchor}${name}_anyOf_i`, `${number}${index + 1}.`, path, name)];
  });
}

function optionSections(schema: Shown, anchor: string, number: string, path: string, name: string): SeedSection[] {
  const { definitions }: Shown = sessionInitResponseSchema;
  return (schema.anyOf ?? []).flatMap(({ $ref }, index) => {
    const option = $ref.split('/').at(-1) ?? '';
    const { title, ...definition } = definitions?.[option] ?? {};
    expect(title).toBe(option);
    const optionPath = `${path} > ${name} > anyOf > ${option}`;
    const heading = `${number}${index + 1}. Property \`${optionPath}\``;
    return [
      sectionOf(definition, `${anchor}${index}`, heading, { 'Defined in': $ref }),
      ...propertySections(definition, `${anchor}${index}_`, `${number}${index + 1}.`, optionPath),
    ];
  });
}

describe('the seed', () => {
  // The seed is also kept beside the checkout by those who keep several projects to it.
  test.each(Object.entries(SEED_COPIES))('the copy of %s is the original, where there is one', (name, copy) => {
    const original = `${root}../shared/seed/${name}`;
    const text = readFileSync(copy, 'utf8');
    expect(text).toBe(existsSync(original) ? readFileSync(original, 'utf8') : text);
    expect(text.length).toBeGreaterThan(10_000);
  });

  test('every row of its tables is read by this test', () => {
    const document = readFileSync(SEED_COPIES['SessionInitResponse.md'], 'utf8');
    const sections = readSeedSections();
    const count = (property: (section: SeedSection) => object) =>
      sections.reduce((sum, section) => sum + Object.keys(property(section)).length, 0);
    expect(count(({ facts }) => facts) + count(({ restrictions }) => restrictions)).toBe(
      document.match(/^\| \*\*/gm)?.length,
    );
    expect(count(({ values }) => values)).toBe(document.match(/^\* /gm)?.length);
    expect(count(({ anyOf }) => anyOf)).toBe(document.match(/^\| \[/gm)?.length);
    expect(sections.filter(({ title }) => title !== undefined)).toHaveLength(
      document.match(/^\*\*Title:\*\*/gm)?.length ?? 0,
    );
    expect(sections.filter(({ description }) => description !== undefined)).toHaveLength(
      document.match(/^\*\*Description:\*\*/gm)?.length ?? 0,
    );
  });
});

describe('the JSON Schema of a SessionInitResponse', () => {
  const expected = [
    sectionOf(sessionInitResponseSchema, '', '# SessionInitResponse', {}),
    ...propertySections(sessionInitResponseSchema, '', '', 'SessionInitResponse'),
  ];

  test.each(readSeedSections().map((section, index) => [section.heading, section, index] as const))(
    'is the seed, in every row: %s',
    (_heading, section, index) => {
      expect(expected[index]).toStrictEqual(section);
    },
  );

  test('has nothing that the seed has not', () => {
    expect(expected.map(({ anchor }) => anchor)).toEqual(readSeedSections().map(({ anchor }) => anchor));
    expect(Object.keys(sessionInitResponseSchema.definitions)).toEqual([
      'FullAuthSession',
      'Session',
      'FailedSessionInitInfo',
    ]);
  });

  test.each(['FullAuthSession', 'Session', 'FailedSessionInitInfo'] as const)(
    'defines %s just as the schema of its own does',
    (name) => {
      const standalone = Object.values(schemas).find(({ title }) => title === name);
      expect(standalone).toEqual({
        $schema: 'http://json-schema.org/draft-07/schema#',
        $id: `urn:session-init:${name}`,
        ...sessionInitResponseSchema.definitions[name],
      });
    },
  );
});

test('the JSON Schema of a SessionInitMessage states the limits that hold before any work', () => {
  expect(sessionInitMessageSchema).toEqual({
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: 'urn:session-init:SessionInitMessage',
    title: 'SessionInitMessage',
    description: 'A request for a session: who asks, and what proves it.',
    type: 'object',
    properties: {
      username: {
        title: 'Username',
        description: 'The name of the user for whom a session is asked.',
        minLength: 1,
        maxLength: 255,
        type: 'string',
      },
      user_secret: {
        title: 'User Secret',
        description: 'The secret with which the user authenticates: at most 4096 bytes of UTF-8.',
        minLength: 1,
        maxLength: 4096,
        type: 'string',
      },
      one_time_code: {
        title: 'One Time Code',
        description: 'The code of a second factor, where one is asked for and it does not follow the secret.',
        anyOf: [{ type: 'string', minLength: 1, maxLength: 64 }, { type: 'null' }],
      },
    },
    required: ['username', 'user_secret'],
  });
});

test.each(Object.values(schemas).map((schema) => [schema.title, schema] as const))(
  'the schema of %s is valid draft-07, has an id, and needs no other schema',
  (title, schema) => {
    const ajv = new Ajv({ strict: true, allErrors: true, formats: { 'date-time': true } });
    expect(schema.$schema).toBe('http://json-schema.org/draft-07/schema#');
    expect(schema.$id).toBe(`urn:session-init:${title}`);
    expect(ajv.validateSchema(schema)).toBe(true);
    expect(ajv.compile(schema)({})).toBe(false);
  },
);

describe('schemas/, which the package ships', () => {
  test.each(Object.values(schemas).map((schema) => [schema.title, schema] as const))(
    '%s.json is not stale (else: npm run build && node scripts/write-schemas.js)',
    (title, schema) => {
      expect(readFileSync(`${root}schemas/${title}.json`, 'utf8')).toBe(`${JSON.stringify(schema, null, 2)}\n`);
    },
  );
});
