import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';

/** Is called each time when a file has just been read. */
const afterRead = jest.fn<() => Promise<void>>();
jest.unstable_mockModule('node:fs/promises', () => ({
  ...fs,
  async readFile(path: string) {
    const bytes = await fs.readFile(path);
    await afterRead();
    return bytes;
  },
}));
const { readWholeFile } = await import('../../../src/adapters/users-file/whole-file.js');

let folder: string;
let path: string;

beforeEach(async () => {
  afterRead.mockReset();
  folder = await fs.mkdtemp(join(tmpdir(), 'users-file-'));
  path = join(folder, 'users');
  await fs.writeFile(path, 'one');
});

afterEach(async () => {
  await fs.rm(folder, { recursive: true });
});

test('a file that changes while it is read is read again', async () => {
  afterRead.mockImplementationOnce(() => fs.appendFile(path, ' and two'));
  expect((await readWholeFile(path)).text).toBe('one and two');
  expect(afterRead).toHaveBeenCalledTimes(2);
});

test('a file that is replaced while it is read is read again', async () => {
  afterRead.mockImplementationOnce(async () => {
    await fs.writeFile(`${path}.new`, 'two');
    await fs.rename(`${path}.new`, path);
  });
  expect((await readWholeFile(path)).text).toBe('two');
});

test('a file that changes again and again is given up', async () => {
  afterRead.mockImplementation(() => fs.appendFile(path, ' more'));
  await expect(readWholeFile(path)).rejects.toThrow(/is being written to/);
  expect(afterRead).toHaveBeenCalledTimes(3);
});

test('a file that is removed while it is read is not there', async () => {
  afterRead.mockImplementation(() => fs.rm(path, { force: true }));
  await expect(readWholeFile(path)).rejects.toThrow(/cannot be read \(ENOENT\)/);
});
