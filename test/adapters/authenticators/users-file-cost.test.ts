import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { SecretHash } from '../../../src/adapters/password-hashes/secret-hash.js';
import { OverloadedError } from '../../../src/model/errors.js';
import { Secret } from '../../../src/model/secret.js';

const verifySecret = jest.fn<(hash: SecretHash, secret: Buffer, signal: AbortSignal) => Promise<boolean>>();
jest.unstable_mockModule('../../../src/adapters/password-hashes/verify-secret.js', () => ({
  verifySecret,
  loadSchemes: async () => undefined,
}));
const { usersFileAuthenticator } = await import('../../../src/adapters/authenticators/users-file.js');

const SHA = '{SHA}KevVEapnqgzTKE124FbHWU8Raxg=';
const APR1 = '$apr1$bHrrQc79$2pJn8pu/sA7RqaIr8UhiP1';

let folder: string;
const opened: { close(): Promise<void> }[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'users-file-'));
  verifySecret.mockReset();
});

afterEach(async () => {
  for (const authenticator of opened.splice(0)) await authenticator.close();
  await rm(folder, { recursive: true });
});

async function open(
  text: string,
  options: { maxConcurrentVerifications?: number; maxQueuedVerifications?: number } = {},
) {
  const path = join(folder, 'users');
  await writeFile(path, text);
  const authenticator = usersFileAuthenticator({ path, ...options });
  opened.push(authenticator);
  await authenticator.ready();
  return (username: string, secret: string, signal = new AbortController().signal) =>
    authenticator.authenticate({ username, secret: new Secret(secret) }, { signal });
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('ASVS 6.3.8: an unknown user costs what a wrong secret costs', () => {
  test('one verification each, by the same hash if there is but one, and the secret as it came', async () => {
    verifySecret.mockResolvedValue(false);
    const authenticate = await open(`{"users": {"alice": {"secret_hash": "${APR1}"}}}`);
    await authenticate('alice', 'marked-user-secret-1');
    await authenticate('nobody', 'marked-user-secret-1');
    expect(verifySecret).toHaveBeenCalledTimes(2);
    expect(verifySecret.mock.calls[1]?.slice(0, 2)).toEqual(verifySecret.mock.calls[0]?.slice(0, 2));
    expect(verifySecret.mock.calls[1]?.[1]).toEqual(Buffer.from('marked-user-secret-1'));
  });

  test('nobody gets in by the hash that an unknown user is measured by', async () => {
    verifySecret.mockResolvedValue(true);
    const authenticate = await open(`alice:${APR1}\n`);
    expect(await authenticate('nobody', 'marked-user-secret-1')).toEqual({ outcome: 'denied', cause: 'unknownUser' });
  });

  test('a disabled user costs the same', async () => {
    verifySecret.mockResolvedValue(true);
    const authenticate = await open(`{"users": {"alice": {"secret_hash": "${APR1}", "disabled": true}}}`);
    expect(await authenticate('alice', 'marked-user-secret-1')).toEqual({ outcome: 'denied', cause: 'disabled' });
    expect(verifySecret).toHaveBeenCalledTimes(1);
  });

  test('in a file of two schemes unknown users are spread over both, each always the same', async () => {
    verifySecret.mockResolvedValue(false);
    const authenticate = await open(`alice:${APR1}\nbob:${SHA}\n`);
    const names = Array.from({ length: 100 }, (_, index) => `nobody-${index}`);
    const round = async () => {
      verifySecret.mockClear();
      for (const name of names) await authenticate(name, 'marked-user-secret-1');
      return verifySecret.mock.calls.map(([{ scheme }]) => scheme);
    };
    const first = await round();
    expect(await round()).toEqual(first);
    expect(new Set(first)).toEqual(new Set(['apr1', 'sha1']));
    const other = await open(`alice:${APR1}\nbob:${SHA}\n`);
    verifySecret.mockClear();
    for (const name of names) await other(name, 'marked-user-secret-1');
    expect(verifySecret.mock.calls.map(([{ scheme }]) => scheme)).not.toEqual(first);
  });

  test.each([
    ['empty', ''],
    ['too long', 'x'.repeat(4097)],
  ])('a secret that is %s costs nothing, whoever the user is', async (_, secret) => {
    const authenticate = await open(`alice:${APR1}\n`);
    await authenticate('alice', secret);
    await authenticate('nobody', secret);
    expect(verifySecret).not.toHaveBeenCalled();
  });
});

describe('CS Authentication: the hash queue is bounded', () => {
  test('what does not fit is refused as overloaded, known or unknown, and who is gone leaves', async () => {
    const ends: (() => void)[] = [];
    verifySecret.mockImplementation(() => new Promise((resolve) => ends.push(() => resolve(true))));
    const authenticate = await open(`alice:${APR1}\n`, { maxConcurrentVerifications: 2, maxQueuedVerifications: 1 });
    const gone = new AbortController();
    const running = [authenticate('alice', 'marked-user-secret-1'), authenticate('nobody', 'marked-user-secret-1')];
    const queued = authenticate('alice', 'marked-user-secret-1', gone.signal);
    await settle();
    expect(verifySecret).toHaveBeenCalledTimes(2);
    await expect(authenticate('alice', 'marked-user-secret-1')).rejects.toBeInstanceOf(OverloadedError);
    await expect(authenticate('nobody', 'marked-user-secret-1')).rejects.toBeInstanceOf(OverloadedError);
    gone.abort(new Error('gone'));
    await expect(queued).rejects.toThrow('gone');
    const next = authenticate('alice', 'marked-user-secret-1');
    for (const end of ends.splice(0)) end();
    await settle();
    for (const end of ends.splice(0)) end();
    expect((await Promise.all([...running, next])).map(({ outcome }) => outcome)).toEqual([
      'authenticated',
      'denied',
      'authenticated',
    ]);
    expect(verifySecret).toHaveBeenCalledTimes(3);
  });

  test('ASVS 16.5.3: a verification that fails is a fault, not a denial, and the next one runs', async () => {
    verifySecret.mockRejectedValueOnce(new Error('out of memory'));
    verifySecret.mockResolvedValueOnce(true);
    const authenticate = await open(`alice:${APR1}\n`, { maxConcurrentVerifications: 1, maxQueuedVerifications: 0 });
    await expect(authenticate('alice', 'marked-user-secret-1')).rejects.toThrow('out of memory');
    expect(await authenticate('alice', 'marked-user-secret-1')).toMatchObject({ outcome: 'authenticated' });
  });
});
