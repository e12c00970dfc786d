import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { describeOwnMachine, OWN_MACHINES } from '../../src/graph/own-machines.js';
import { writeMermaid } from '../../src/graph/write-mermaid.js';
import { runCommand } from '../support/command-line.js';
import { root } from '../support/package-exports.js';
import { temporaryFolder } from '../support/temporary-folder.js';

describe('session-init graph', () => {
  test('prints the machine of an init as Mermaid', async () => {
    const { status, stdout, stderr } = await runCommand(['graph']);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toBe(writeMermaid(describeOwnMachine('session-init')));
  });

  test.each(OWN_MACHINES)('%s: in every format', async (machine) => {
    const formats = { mermaid: /^stateDiagram-v2\n/, svg: /^<svg .*<\/svg>\n$/s, dot: /^digraph "/, json: /^\{\n/ };
    for (const [format, expected] of Object.entries(formats)) {
      const { status, stdout, stderr } = await runCommand(['graph', machine, '--format', format]);
      expect([status, stderr]).toEqual([0, '']);
      expect(stdout).toMatch(expected);
    }
  });

  test('an svg is the one in docs/machines', async () => {
    const { stdout } = await runCommand(['graph', 'client', '--format', 'svg']);
    expect(stdout).toBe(readFileSync(join(root, 'docs/machines/client.svg'), 'utf8'));
  });

  test('--output writes a file, and --overview puts ends together', async () => {
    const file = join(temporaryFolder(), 'overview.mmd');
    const result = await runCommand(['graph', '--overview', '--output', file]);
    expect(result).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(readFileSync(file, 'utf8')).toContain('authenticationDenied<br>notAuthorized<br>refused');
  });

  test.each([
    ['an unknown machine', ['graph', 'sessions'], /no machine "sessions", but: session-init, connection, client\./],
    [
      'an unknown format',
      ['graph', '--format', 'png'],
      /'png' is invalid\. Allowed choices are mermaid, svg, dot, json\./,
    ],
    [
      'a module that is not there',
      ['graph', '--module', 'absent.js'],
      /absent\.js cannot be loaded: Cannot find module/,
    ],
    ['a machine and a module', ['graph', 'client', '--module', 'absent.js'], /or a --module, not both/],
    ['an export without a module', ['graph', '--export', 'machine'], /--export needs a --module/],
    [
      'a file that cannot be written',
      ['graph', '--output', 'no/such/folder/x.mmd'],
      /cannot be written to .* \(ENOENT\)/,
    ],
  ])('exits with 2 for %s', async (_, args, expected) => {
    const { status, stdout, stderr } = await runCommand(args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(expected);
  });
});

describe("session-init graph --module: a machine of the user's own", () => {
  function moduleOf(text: string): string {
    const folder = temporaryFolder();
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'machine.mjs'), `import { createMachine } from 'xstate';\n${text}`);
    return join(folder, 'machine.mjs');
  }

  const LIGHT =
    "createMachine({ id: 'light', initial: 'red', states: { red: { after: { 5000: 'green' } }, green: {} } })";

  test('the only machine of a module, whatever else it exports', async () => {
    const module = moduleOf(`export const light = ${LIGHT};\nexport const none = null, text = '', options = {};`);
    const mermaid = await runCommand(['graph', '--module', module]);
    expect([mermaid.status, mermaid.stderr]).toEqual([0, '']);
    expect(mermaid.stdout).toContain('red --> green : 5 s');
    const svg = await runCommand(['graph', '--module', module, '--format', 'svg']);
    expect(svg.stdout).toContain('data-state="light.green"');
  });

  test('one of several, by its name', async () => {
    const module = moduleOf(`export const one = ${LIGHT};\nexport const two = ${LIGHT.replace('light', 'other')};`);
    const { stdout } = await runCommand(['graph', '--module', module, '--export', 'two', '--format', 'json']);
    expect(JSON.parse(stdout)).toMatchObject({ id: 'other' });
    const unsaid = await runCommand(['graph', '--module', module]);
    expect(unsaid).toMatchObject({ status: 2, stdout: '' });
    expect(unsaid.stderr).toContain('not exactly one machine. Its machines: one, two. --export names one.');
    const wrong = await runCommand(['graph', '--module', module, '--export', 'three']);
    expect(wrong).toMatchObject({ status: 2, stdout: '' });
    expect(wrong.stderr).toContain('no machine "three". Its machines: one, two.');
  });

  test.each([
    ['throws', 'throw new Error("not today");', 'not today'],
    ['is no JavaScript', 'export const = ;', 'Unexpected token'],
    ['has no machine', 'export default 1;', 'Its machines: none.'],
  ])('exits with 2 for a module that %s', async (_, text, expected) => {
    const { status, stdout, stderr } = await runCommand(['graph', '--module', moduleOf(text)]);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(expected);
  });
});
