import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { casbinAuthorizer } from '../../../src/adapters/authorizers/casbin.js';
import { cedarAuthorizer } from '../../../src/adapters/authorizers/cedar.js';
import type { AuthorizationRequest, Authorizer } from '../../../src/index.js';
import { root } from '../../support/package-exports.js';
import { snippetsOf } from '../../support/snippets.js';
import { tempFolder } from '../../support/temp-folder.js';

const folder = tempFolder();

/** Writes the one block of a language that a page has to a file. */
function fileFrom(page: string, language: string): string {
  const text = readFileSync(join(root, 'docs/adapters', page), 'utf8');
  const blocks = snippetsOf(page, text).filter(({ info }) => info === language);
  expect(blocks).toHaveLength(1);
  const path = join(folder, `${page}.${language}`);
  writeFileSync(path, blocks[0]?.code as string);
  return path;
}

async function decide(authorizer: Authorizer, request: AuthorizationRequest) {
  return authorizer.authorize(request, { signal: new AbortController().signal });
}

describe('what the pages show does what they say', () => {
  test('docs/adapters/casbin.md', async () => {
    const authorizer = casbinAuthorizer({
      model: fileFrom('casbin.md', 'ini'),
      policy: fileFrom('casbin.md', 'csv'),
    });
    for (const request of [
      { user: 'bob', groups: ['staff'] },
      { user: 'ada' },
      { user: 'bob', groups: ['operators'] },
    ]) {
      expect(await decide(authorizer, request)).toEqual({ outcome: 'authorized' });
    }
    for (const request of [{ user: 'bob' }, { user: 'ada', groups: ['suspended'] }, { user: 'group:staff' }]) {
      expect(await decide(authorizer, request)).toEqual({ outcome: 'denied', cause: 'deniedByPolicy' });
    }
  });

  test.each([undefined, 'cedarschema'])('docs/adapters/cedar.md, with the schema %s', async (language) => {
    const schema = language === undefined ? {} : { schema: fileFrom('cedar.md', language), claims: ['email_verified'] };
    const authorizer = cedarAuthorizer({ policies: fileFrom('cedar.md', 'cedar'), ...schema });
    await authorizer.open();
    const ada = { user: 'ada', groups: ['staff'], claims: { email_verified: true }, ipAddress: '10.1.2.3' };
    expect(await decide(authorizer, ada)).toEqual({ outcome: 'authorized' });
    expect(await decide(authorizer, { ...ada, claims: {} })).toMatchObject({ cause: 'notPermittedByPolicy' });
    expect(await decide(authorizer, { ...ada, ipAddress: '192.0.2.1' })).toMatchObject({ cause: 'forbiddenByPolicy' });
  });
});
