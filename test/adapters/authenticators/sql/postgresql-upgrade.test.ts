import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import type { SqlAuthenticator } from '../../../../src/adapters/authenticators/sql.js';
import { recogniseHash, type SecretHash } from '../../../../src/adapters/password-hashes/secret-hash.js';
import { verifySecret } from '../../../../src/adapters/password-hashes/verify-secret.js';
import { authenticatedInit } from '../../../support/authenticated-init.js';
import { ACCOUNT } from '../../../support/postgres.js';
import { describeWith, postgresql } from '../../../support/requires.js';
import {
  ADA,
  BOB,
  type SqlUsersInPostgresOptions,
  sha,
  UPGRADE,
  usersInPostgres,
} from '../../../support/users-in-postgres.js';

const { signal } = new AbortController();

describeWith(postgresql, 'the sql authenticator against PostgreSQL', () => {
  const { sql, opened, add, ask } = usersInPostgres();

  describe('ASVS 11.4.2: a hash is upgraded', () => {
    const hashOf = async (name: string) => (await sql(`SELECT hash FROM users WHERE name = '${name}'`))[0];

    test('once its secret was proved, to one that the secret opens', async () => {
      await add(ADA);
      await add({ username: 'eve', secret: ADA.secret });
      const weak: unknown[] = [];
      const authenticator = opened({ upgrade: UPGRADE, onWeakHash: (found) => weak.push(found) });
      await ask(authenticator, ADA.username, 'wrong');
      expect(weak).toEqual([]);
      expect(await ask(authenticator, ADA.username, ADA.secret)).toMatchObject({ outcome: 'authenticated' });
      expect(weak).toEqual([{ user: 'ada', scheme: 'sha1' }]);
      const hash = await upgraded('ada');
      expect(await verifySecret(hash, Buffer.from(ADA.secret), { signal })).toBe(true);
      expect(await hashOf('eve')).toBe(sha(ADA.secret));
      expect(await ask(authenticator, ADA.username, ADA.secret)).toMatchObject({ outcome: 'authenticated' });
      expect(weak).toHaveLength(1);
    });

    async function upgraded(name: string): Promise<SecretHash> {
      for (;;) {
        const hash = recogniseHash((await hashOf(name)) ?? '');
        if ('weak' in hash && !hash.weak) return hash;
      }
    }

    /** Settles as an upgrade has failed. */
    function failing(options: SqlUsersInPostgresOptions): Promise<Error> & { authenticator: SqlAuthenticator } {
      let fail: (error: Error) => void = () => {};
      const failed = new Promise<Error>((resolve) => {
        fail = resolve;
      });
      return Object.assign(failed, { authenticator: opened({ ...options, onUpgradeError: (error) => fail(error) }) });
    }

    test('a secret that was changed meanwhile stays', async () => {
      await add(ADA);
      const changed = sha('Marked-Secret-3');
      // It is not committed before the upgrade waits for it, and so the old hash is what is read.
      const change = sql(`
        UPDATE users SET hash = '${changed}' WHERE name = 'ada';
        DO $$ BEGIN
          WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted) LOOP PERFORM pg_sleep(0.01); END LOOP;
        END $$`);
      await activity("wait_event = 'PgSleep'", '1');
      const errors: Error[] = [];
      const authenticator = opened({ upgrade: UPGRADE, onUpgradeError: (error) => errors.push(error) });
      expect(await ask(authenticator, ADA.username, ADA.secret)).toMatchObject({ outcome: 'authenticated' });
      await change;
      await activity(`usename = '${ACCOUNT.user}' AND state <> 'idle'`, '0');
      expect(await hashOf('ada')).toBe(changed);
      expect(errors).toEqual([]);
    });

    /** Resolves as so many sessions are so. */
    async function activity(condition: string, count: string): Promise<void> {
      while ((await sql(`SELECT count(*) FROM pg_stat_activity WHERE ${condition}`))[0] !== count);
    }

    test('a statement that would change the hash of others is undone, and told', async () => {
      await add(ADA);
      await add(BOB);
      const failed = failing({ upgrade: "UPDATE users SET hash = $1 WHERE $2 <> '' AND $3 <> ''" });
      expect(await ask(failed.authenticator, ADA.username, ADA.secret)).toMatchObject({ outcome: 'authenticated' });
      expect((await failed).message).toMatch(/^sql has undone an upgrade that changed 2 rows/);
      expect(await sql('SELECT hash FROM users ORDER BY name')).toEqual([sha(ADA.secret), sha(BOB.secret)]);
    });

    test('one that fails lets the user in all the same', async () => {
      await add(ADA);
      await sql(`REVOKE UPDATE ON users FROM ${ACCOUNT.user}`);
      const failed = failing({ upgrade: UPGRADE });
      expect(await authenticatedInit(failed.authenticator, ADA)).toMatchObject({ reason: 'authorized' });
      expect(await failed).toMatchObject({ code: 'backend_fault' });
      expect(await hashOf('ada')).toBe(sha(ADA.secret));
      expect(await ask(failed.authenticator, ADA.username, ADA.secret)).toMatchObject({ outcome: 'authenticated' });
    });

    test('ASVS 16.2.5: no hash is in what is told of one that failed', async () => {
      await add(ADA);
      await sql("ALTER TABLE users ADD CHECK (hash LIKE '{SHA}%')");
      const failed = failing({ upgrade: UPGRADE });
      await ask(failed.authenticator, ADA.username, ADA.secret);
      expect(inspect(await failed, { depth: null, showHidden: true })).not.toMatch(/\$argon2id|\{SHA\}[A-Za-z0-9]/);
    });

    test('what a callback throws is of no account', async () => {
      await add(ADA);
      const onWeakHash = () => {
        throw new Error('marked');
      };
      expect(await ask(opened({ onWeakHash }), ADA.username, ADA.secret)).toMatchObject({ outcome: 'authenticated' });
    });

    test('close ends it', async () => {
      await add(ADA);
      const authenticator = opened({ upgrade: UPGRADE });
      await ask(authenticator, ADA.username, ADA.secret);
      await authenticator.close();
      expect(await hashOf('ada')).toBe(sha(ADA.secret));
    });
  });
});
