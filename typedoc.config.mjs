import { readFileSync } from 'node:fs';
import { OptionDefaults } from 'typedoc';

const manifest = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));

/**
 * Warns of an export without a doc comment. TypeDoc's own `notDocumented` cannot tell an export from a property of a
 * type, and would want a comment on every `actions` of a state machine.
 *
 * @param {import('typedoc').Application} app
 */
function everyExportIsDocumented(app) {
  app.on('validateProject', (project) => {
    for (const exported of (project.children ?? []).flatMap((module) => module.children ?? [])) {
      const places = exported.isReference() ? [exported.getTargetReflection()] : [exported];
      const documented = places.flatMap((place) => [place, ...(place.signatures ?? [])]).some((it) => it.hasComment());
      if (!documented) app.logger.validationWarning(`${exported.getFriendlyFullName()} has no doc comment`);
    }
  });
}

/** @type {Partial<import('typedoc').TypeDocOptions>} */
export default {
  logLevel: 'Warn',
  plugin: [everyExportIsDocumented],
  entryPoints: Object.values(manifest.exports)
    .filter((target) => typeof target === 'object')
    .map((target) => target.default.replace(/^\.\/dist\/(.+)\.js$/, 'src/$1.ts')),
  tsconfig: 'tsconfig.build.json',
  out: 'docs/api',
  disableSources: true,
  highlightLanguages: [...OptionDefaults.highlightLanguages, 'mermaid'],
  readme: 'README.md',
  projectDocuments: ['CHANGELOG.md', 'SECURITY.md'],
  excludeInternal: true,
  excludePrivate: true,
  treatWarningsAsErrors: true,
  // The types that zod infers from the schema of the configuration name these; what they say is in the schema.
  intentionallyNotExported: ['Guarded', 'AuthenticatorGuards', 'AuthorizerGuards'],
  validation: { notExported: true, invalidLink: true, invalidPath: true, rewrittenLink: true },
};
