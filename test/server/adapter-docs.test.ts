import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import * as z from 'zod';
import { AUTHENTICATORS, AUTHORIZERS, SESSION_MANAGERS } from '../../src/server/backends/registry.js';
import { serverConfigJsonSchema } from '../../src/server/config-outline.js';
import { root } from '../support/package-exports.js';
import { snippetsOf } from '../support/snippets.js';

const folder = join(root, 'docs/adapters');
const pages = readdirSync(folder);
const textOf = (page: string) => readFileSync(join(folder, page), 'utf8');
const index = textOf('README.md');

/** The names in the first cell of each row of the tables of a page. */
function firstCells(text: string): string[] {
  const cells = text.split('\n').map((line) => /^\| ([^|]+) \|/.exec(line)?.[1] ?? '');
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name as string));
}

/** The page that the index names for a backend: the file behind its link. */
function pageOf(type: string): string | undefined {
  const row = index.split('\n').find((line) => line.startsWith('|') && line.includes(`\`${type}\``));
  return /\]\(([\w-]+\.md)/.exec(row ?? '')?.[1];
}

/** They have no page: the names of their settings say it all, as does docs/server.md. */
const WITHOUT_PAGE = ['memory', 'sqlite'];

const backends = [...AUTHENTICATORS, ...AUTHORIZERS, ...SESSION_MANAGERS].map(({ schema }) => ({
  type: schema.shape.type.value,
  settings: Object.keys(z.toJSONSchema(schema, { io: 'input' }).properties ?? {}).filter((name) => name !== 'type'),
}));

describe('docs/adapters', () => {
  test.each(backends)('names $type in its index', ({ type }) => {
    if (WITHOUT_PAGE.includes(type)) expect(index).toContain(`| \`${type}\` |`);
    else expect(type === 'static' ? 'users-file.md' : pageOf(type)).toMatch(/\.md$/);
  });

  test.each(backends.filter(({ type }) => !['static', 'groups', ...WITHOUT_PAGE].includes(type)))(
    'has a row for each setting of $type',
    ({ type, settings }) => {
      const documented = firstCells(textOf(pageOf(type) as string));
      expect(settings.filter((name) => !documented.includes(name))).toEqual([]);
    },
  );

  test('has its pages in the index, and no link to what is not there', () => {
    expect(pages.filter((page) => page !== 'README.md' && !index.includes(`](${page}`))).toEqual([]);
    for (const page of pages) {
      const links = [...textOf(page).matchAll(/\]\((?!https?:)([^)#]*)/g)].map(([, target]) => target as string);
      expect(links.filter((target) => !existsSync(resolve(folder, dirname(page), target)))).toEqual([]);
    }
  });

  test.each(pages)('shows configurations that the server takes: %s', (page) => {
    const ajv = new Ajv({ strict: true, allErrors: true, formats: { ipv4: isIPv4 } });
    const configurations = snippetsOf(page, textOf(page))
      .filter(({ info }) => info === 'json')
      .map(({ code }) => JSON.parse(code))
      .filter((value) =>
        ['authenticator', 'authenticators', 'authorizer', 'sessionManager'].some((name) => name in value),
      );
    for (const configuration of configurations) {
      ajv.validate(serverConfigJsonSchema, configuration);
      expect(ajv.errors).toBeNull();
    }
  });
});
