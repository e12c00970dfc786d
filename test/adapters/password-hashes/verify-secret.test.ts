import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { hash as bcrypt } from '@node-rs/bcrypt';
import { recogniseHash, type SecretHash } from '../../../src/adapters/password-hashes/secret-hash.js';
import { verifySecret } from '../../../src/adapters/password-hashes/verify-secret.js';
import { describeWith, openssl } from '../../support/requires.js';

const SECRET = 'marked-user-secret-ü-1';

function recognised(encoded: string): SecretHash {
  const hash = recogniseHash(encoded);
  if ('problem' in hash) throw new Error(hash.problem);
  return hash;
}

function verify(encoded: string, secret: string, signal = new AbortController().signal): Promise<boolean> {
  return verifySecret(recognised(encoded), Buffer.from(secret), { signal });
}

/** Hashes of `SECRET` that other programs have made. */
const HASHES = {
  'argon2id, by the reference implementation':
    '$argon2id$v=19$m=64,t=2,p=1$1BObORITb9axc26hdmhWHw$AsoDvmTMl+sgHpoZHbH1PQnudGvXHoyywPN2EbRxbww',
  'argon2id with 4 lanes and 16 bytes, by the reference implementation':
    '$argon2id$v=19$m=64,t=1,p=4$YqvXXKT52fjP/fJ6MoRulw$p1U9QVOYk/PsS7+QiLLQLg',
  'argon2id of version 16, by the reference implementation':
    '$argon2id$v=16$m=64,t=1,p=1$c2FsdHNhbHQ$ELO7DyHpc+LW4YrskQx2BVR/iLovxRf2FFw7T+l8YWE',
  'bcrypt $2y$, by htpasswd -B': '$2y$05$wNL7Ix54tVDR0moDAqBES.zwAGw4uHF58SFKV92WVU7YJSlwq2fZu',
  'bcrypt $2a$, by libxcrypt': '$2a$04$abcdefghijklmnopqrstuuxSbj0hT2..hjWKJtht/F6.r7Io9Hc62',
  'bcrypt $2b$, by libxcrypt': '$2b$04$abcdefghijklmnopqrstuuxSbj0hT2..hjWKJtht/F6.r7Io9Hc62',
  'apr1, by htpasswd -m': '$apr1$bHrrQc79$2pJn8pu/sA7RqaIr8UhiP1',
  'SHA-1, by htpasswd -s': '{SHA}KevVEapnqgzTKE124FbHWU8Raxg=',
  'SHA-256, by htpasswd -2': '$5$k7qniJU/FUzdfhPt$AQ54mqMBlc/9yFeilfey7FNlvZjUhLs1a6W5iR3yL/0',
  'SHA-256 with 1200 rounds, by libxcrypt': '$5$rounds=1200$markedsalt$3Ody2mABp5wpwiKHKZAUPC7JPjvWcqlpyihvVDxHHk7',
  'SHA-512, by htpasswd -5':
    '$6$UgBugI64Ddr9LK/B$lEdsLLY2FJy.sUeqs06LlnNJqlbeIIhU/8ctKA7O0u4df7JBEkcM4.E7wiK5/7SHpc1NQZpJZdYtSDE9eLqf10',
  'SHA-512 with 1000 rounds, by libxcrypt':
    '$6$rounds=1000$markedsalt$5ilBTpwichId6/yakFCzjCpxtWBnFWlhpI9jmDgpXD1blcXMgvs/ka/Qg4z0WyOP0Bi0ZXho6TxhLy1JTJD9o.',
};

describe('ASVS 6.2.8: a secret is verified whole and as it is', () => {
  describe.each(Object.entries(HASHES))('%s', (_, encoded) => {
    test('the right secret matches', async () => {
      expect(await verify(encoded, SECRET)).toBe(true);
    });

    test.each([
      ['another secret', 'marked-user-secret-2'],
      ['the empty one', ''],
      ['a prefix', SECRET.slice(0, -1)],
      ['a longer one', `${SECRET}1`],
      ['the same after a NUL', `${SECRET}\0${SECRET}`],
      ['one that ends in a NUL', `${SECRET}\0`],
      ['another case', SECRET.toUpperCase()],
      ['another normal form of Unicode', SECRET.normalize('NFD')],
      ['4,096 bytes', 'x'.repeat(4096)],
    ])('%s does not', async (__, secret) => {
      expect(await verify(encoded, secret)).toBe(false);
    });
  });

  test('bcrypt takes 72 bytes, and denies 73 although their first 72 are right', async () => {
    const whole = 'é'.repeat(36);
    const encoded = await bcrypt(whole, 4);
    expect(await verify(encoded, whole)).toBe(true);
    expect(await verify(encoded, `${whole}x`)).toBe(false);
    expect(await verify(await bcrypt(`${whole}x`, 4), `${whole}x`)).toBe(false);
  });
});

describeWith(openssl, 'as openssl passwd does', (path) => {
  const cases = ['-apr1', '-5', '-6'].flatMap((option) =>
    [
      ...[1, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 96, 128, 200].map((length) => 'q'.repeat(length)),
      'pässwörd',
      '密码-пароль-🔑',
      ' blank and "quotes" ',
    ].map((secret) => ({ option, secret })),
  );

  test.each(cases)('$option of $secret', async ({ option, secret }) => {
    const encoded = execFileSync(path, ['passwd', option, '-salt', 'ab./XY09', secret], { encoding: 'utf8' }).trim();
    expect(await verify(encoded, secret)).toBe(true);
    expect(await verify(encoded, `${secret}q`)).toBe(false);
  });
});

test('a long secret under SHA-512 leaves the event loop its turns', async () => {
  let turns = 0;
  let verified = false;
  const turn = (): void => {
    turns += 1;
    if (!verified) setImmediate(turn);
  };
  setImmediate(turn);
  await verify(HASHES['SHA-512, by htpasswd -5'], 'x'.repeat(4096));
  verified = true;
  expect(turns).toBeGreaterThan(100);
});

test('SHA-512 stops as soon as nobody waits any more', async () => {
  const controller = new AbortController();
  const reason = new Error('gone');
  const verification = verify(`$6$rounds=1000000$salt$${'a'.repeat(86)}`, 'x'.repeat(4096), controller.signal);
  setImmediate(() => controller.abort(reason));
  await expect(verification).rejects.toBe(reason);
});
