import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { readUsersFile } from '../../src/adapters/authenticators/users-file.js';
import { readSecret } from '../../src/cli/read-secret.js';
import { root } from '../support/package-exports.js';
import { describeWith } from '../support/requires.js';
import { temporaryFolder } from '../support/temporary-folder.js';

describe('a secret from a file', () => {
  let file: string;
  beforeEach(() => {
    file = join(temporaryFolder(), 'secret');
  });

  async function read(content: string | Buffer): Promise<string> {
    writeFileSync(file, content);
    return (await readSecret({ secretFile: file }, [])).reveal();
  }

  test('ASVS 6.2.8: is taken whole, but for one line break at its end', async () => {
    for (const secret of [' with blanks ', 'Passwört\u{1f98a}', 'two\nlines', '\ufeffmarked', 'x'.repeat(4096)]) {
      for (const end of ['', '\n', '\r\n']) expect(await read(secret + end)).toBe(secret);
    }
    expect(await read('marked-1\n\n')).toBe('marked-1\n');
  });

  test.each([
    ['is empty', '', /The secret is empty/],
    ['is a line break only', '\n', /The secret is empty/],
    ['is too long', 'x'.repeat(4097), /longer than 4096 bytes/],
    ['is too long in bytes', 'ö'.repeat(2049), /longer than 4096 bytes/],
    ['has no end', Buffer.alloc(10_000_000, 'x'), /longer than 4096 bytes/],
    ['is not UTF-8', Buffer.from([0xff, 0xfe]), /not UTF-8/],
  ])('is refused if it %s', async (_, content, expected) => {
    await expect(read(content)).rejects.toThrow(expected);
  });

  test('is refused if the file cannot be read', async () => {
    await expect(readSecret({ secretFile: file }, [])).rejects.toThrow(/cannot be read from .*secret \(ENOENT\)/);
    await expect(readSecret({ secretFile: '/' }, [])).rejects.toThrow(/cannot be read from \/ \(EISDIR\)/);
  });
});

const terminal = { command: 'script', install: 'apt-get install -y --no-install-recommends bsdutils' };

describeWith(terminal, 'a secret from a terminal', (script) => {
  let folder: string;
  beforeEach(() => {
    folder = temporaryFolder();
  });

  /** Adds a user on a terminal, and answers each question with one of `answers`. @returns what the terminal shows */
  async function addUser(answers: readonly string[]): Promise<{ status: number | null; shown: string }> {
    const command = `${process.execPath} ${join(root, 'dist/cli/main.js')} user add alice --data-dir ${folder}`;
    const child: ChildProcess = spawn(script, ['-qec', command, '/dev/null'], { cwd: folder });
    let shown = '';
    let answered = 0;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      shown += text;
      // A question ends with a colon, and the cursor is put behind it.
      const questions = shown.split(': \u001b[').length - 1;
      if (questions > answered && answered < answers.length) child.stdin?.write(answers[answered++] as string);
    });
    const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { status, shown };
  }

  test('is not shown, and is asked for twice', async () => {
    const { status, shown } = await addUser(['marked-user-secret-1\n', 'marked-user-secret-1\n']);
    expect(shown).toContain('New secret of alice:');
    expect(shown).toContain('Once more:');
    expect(shown).not.toContain('marked');
    expect(shown).toContain('alice is added');
    expect(status).toBe(0);
    expect((await readUsersFile(join(folder, 'users.json'))).users.get('alice')?.hash.scheme).toBe('argon2id');
  }, 60_000);

  test.each([
    ['two secrets that differ', ['marked-user-secret-1\n', 'marked-user-secret-2\n'], /The two secrets differ/],
    ['Ctrl-C', ['\u0003'], /No secret was typed/],
    ['Ctrl-D', ['\u0004'], /No secret was typed/],
    ['nothing', ['\n', '\n'], /The secret is empty/],
  ])(
    'makes no user of %s',
    async (_, answers, expected) => {
      const { status, shown } = await addUser(answers);
      expect(shown).toMatch(expected);
      expect(shown).not.toContain('marked');
      expect(status).toBe(2);
      await expect(readUsersFile(join(folder, 'users.json'))).rejects.toThrow(/ENOENT/);
    },
    60_000,
  );
});
