import { readdirSync, readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import { EXIT_CODES_HELP } from '../../src/cli/exit-codes.js';
import { SETTINGS, serverConfigJsonSchema } from '../../src/server/config-outline.js';
import { FAILURE_EVENTS } from '../../src/server/logging/audit-events.js';
import { root } from '../support/package-exports.js';

const server = readFileSync(`${root}docs/server.md`, 'utf8');
const logs = readFileSync(`${root}docs/logs.md`, 'utf8');

describe('docs/server.md', () => {
  test('has a row for every setting, and no other', () => {
    const rows = SETTINGS.map(({ path, variable, default: fallback, description }) => {
      const shown = fallback === undefined ? '' : `\`${JSON.stringify(fallback)}\``;
      return `| \`${path.join('.')}\` | \`${variable}\` | ${shown} | ${description} |`;
    });
    expect(server.split('\n').filter((line) => line.includes('`SESSION_INIT_') && line.startsWith('|'))).toEqual(rows);
  });

  test('shows a configuration that the schema takes', () => {
    const [, json = ''] = /```json\n(.*?)```/s.exec(server) ?? [];
    const ajv = new Ajv({ strict: true, allErrors: true, formats: { ipv4: isIPv4 } });
    expect(ajv.validate(serverConfigJsonSchema, JSON.parse(json))).toBe(true);
  });

  test('has the exit codes of --help', () => {
    for (const [, code, meaning] of EXIT_CODES_HELP.matchAll(/^ {2}(\d) {2}(.+)$/gm)) {
      expect(server).toContain(`| ${code} | ${meaning} |`);
    }
  });
});

describe('docs/logs.md', () => {
  test('has the event, level and outcome of every code', () => {
    const rows = Object.entries(FAILURE_EVENTS).map(
      ([code, { event, level, outcome }]) => `| \`${code}\` | \`${event}\` | \`${level}\` | \`${outcome}\` |`,
    );
    expect(logs.split('\n').filter((line) => /^\| `\w+` \| `\w+` \| `\w+` \| `\w+` \|$/.test(line))).toEqual(rows);
  });

  test('names every event that is logged, and no other', () => {
    const sources = ['src/server', 'src/cli'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => readFileSync(join(root, folder, name), 'utf8')),
    );
    const logged = new Set([...sources.join().matchAll(/event: '(\w+)'/g)].map(([, event]) => event));
    const tables = logs.split('\n').filter((line) => line.startsWith('|'));
    const documented = new Set([...tables.join('\n').matchAll(/`(\w+)`/g)].map(([, word]) => word));
    expect([...logged].filter((event) => !documented.has(event))).toEqual([]);
    const other = logs.slice(logs.indexOf('## Other lines')).matchAll(/^\| ((?:`\w+`(?:, )?)+) \|/gm);
    const named = [...other].flatMap(([, names = '']) => names.replaceAll('`', '').split(', '));
    expect(named.filter((event) => event !== 'event' && !logged.has(event))).toEqual([]);
  });
});
