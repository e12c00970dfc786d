import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Attribute, Change } from 'ldapts';
import { type LdapAuthenticatorOptions, ldapAuthenticator } from '../../../src/adapters/authenticators/ldap.js';
import type { Authenticator } from '../../../src/adapters/ports.js';
import { Secret } from '../../../src/model/secret.js';
import { authenticatorContract } from '../../../src/testing/index.js';
import { describeWith, findCommand, openssl, slapd as requirement } from '../../support/requires.js';
import { selfSigned } from '../../support/self-signed.js';
import { ADMIN, GROUPS, PEOPLE, SERVICE, Slapd, SUFFIX } from '../../support/slapd.js';

const ALICE = { username: 'alice', secret: 'Marked-Secret-Alice' };
const BOB = { username: 'bob', secret: 'Marked-Secret-Bob' };
/** These entries are on another server. */
const REMOTE = `ou=remote,${PEOPLE}`;
/** Characters that mean something in a DN, in a filter, or to somebody who cuts secrets at a NUL. */
const ODD = { username: 'o, d+d)(=*"<>;#\\é 😀', secret: 'Marked-Secret-\u0000-ü-😀-)(*\\' };

const open: Authenticator[] = [];

function opened(options: LdapAuthenticatorOptions): Authenticator {
  const authenticator = ldapAuthenticator(options);
  open.push(authenticator);
  return authenticator;
}

function ask(authenticator: Authenticator, username: string, secret: string) {
  return authenticator.authenticate({ username, secret: new Secret(secret) }, { signal: new AbortController().signal });
}

afterEach(async () => {
  for (const authenticator of open.splice(0)) await authenticator.close?.();
});

describeWith(requirement, 'the ldap authenticator against slapd', (command) => {
  let slapd: Slapd;
  let bySearch: LdapAuthenticatorOptions;
  let byTemplate: LdapAuthenticatorOptions;

  beforeAll(async () => {
    slapd = await Slapd.start(command, selfSigned(findCommand(openssl.command) as string));
    bySearch = { url: slapd.url, bindDn: SERVICE.dn, bindPassword: new Secret(SERVICE.password), userBase: PEOPLE };
    byTemplate = { url: slapd.url, userDnTemplate: `uid={username},${PEOPLE}` };
    const alice = await slapd.addUser('alice', ALICE.secret, {
      mail: 'alice@example.com',
      telephoneNumber: ['+1 555 0101', '+1 555 0102'],
    });
    const jpegPhoto = new Attribute({ type: 'jpegPhoto', values: [Buffer.from([0xff, 0xd8, 0xff])] });
    await slapd.as(ADMIN, (client) => client.modify(alice, new Change({ operation: 'add', modification: jpegPhoto })));
    await slapd.addUser('bob', BOB.secret);
    await slapd.addUser(ODD.username, ODD.secret);
    const staff = await slapd.addGroup('staff', [alice]);
    const everybody = await slapd.addGroup('everybody', [staff]);
    const circle = await slapd.addGroup('circle', [everybody]);
    // Staff is in itself by way of the circle.
    await slapd.addGroup('circle-back', [circle]);
    await slapd.as(ADMIN, (client) =>
      client.add(`cn=odd\\, name,${GROUPS}`, {
        objectClass: 'groupOfNames',
        cn: ['odd, name', 'other name'],
        member: alice,
      }),
    );
    await slapd.addGroup('elsewhere', [alice], `ou=policies,${SUFFIX}`);
    // Every search for a user meets this reference.
    await slapd.as(ADMIN, (client) =>
      client.add(REMOTE, {
        objectClass: ['referral', 'extensibleObject'],
        ou: 'remote',
        ref: `ldap://127.0.0.1:1/${REMOTE}`,
      }),
    );
  });
  afterAll(() => slapd?.stop());

  describe('its contract', () => {
    const broken = () => ldapAuthenticator({ ...bySearch, url: 'ldap://127.0.0.1:1' });
    const variants: Record<string, () => LdapAuthenticatorOptions> = {
      'search then bind, groups by memberOf': () => ({ ...bySearch, groups: 'memberOf' }),
      'search then bind, groups by search': () => ({ ...bySearch, groups: 'search', groupBase: SUFFIX }),
      'a template': () => ({ ...byTemplate, groups: 'memberOf' }),
    };
    for (const [variant, options] of Object.entries(variants)) {
      const users = [{ ...ALICE, groups: ['staff', 'odd, name', 'elsewhere'] }, BOB];
      const create = () => ldapAuthenticator(options());
      for (const { name, run } of authenticatorContract({ create, users, createBroken: broken })) {
        test(`${variant}: ${name}`, run);
      }
    }
  });

  describe('who a user is', () => {
    test('any character may be in a name and in a secret', async () => {
      for (const options of [bySearch, byTemplate]) {
        const authenticator = opened(options);
        expect(await ask(authenticator, ODD.username, ODD.secret)).toMatchObject({ user: ODD.username });
        expect(await ask(authenticator, ODD.username, ODD.secret.split('\0')[0] as string)).toEqual({
          outcome: 'denied',
          cause: 'wrongSecret',
        });
      }
    });

    test('attributes become claims: one value as a string, several as an array, none at all, and what is no text neither', async () => {
      const attributes = ['mail', 'TELEPHONENUMBER', 'title', 'jpegPhoto', 'constructor'];
      for (const options of [bySearch, byTemplate]) {
        const outcome = await ask(opened({ ...options, attributes }), ALICE.username, ALICE.secret);
        expect(outcome).toEqual({
          outcome: 'authenticated',
          user: 'alice',
          claims: { mail: 'alice@example.com', TELEPHONENUMBER: ['+1 555 0101', '+1 555 0102'] },
        });
      }
    });

    test('ASVS 6.3.1: another spelling is refused, since each would have a count of guesses of its own', async () => {
      const spellings = ['ALICE', 'Alice', ' alice', 'alice '];
      for (const options of [bySearch, byTemplate]) {
        const authenticator = opened(options);
        for (const spelling of spellings) {
          const outcome = await ask(authenticator, spelling, ALICE.secret);
          expect([spelling, outcome]).toEqual([spelling, { outcome: 'denied', cause: 'otherSpelling' }]);
          expect(await ask(authenticator, spelling, 'marked-wrong-secret')).toMatchObject({ outcome: 'denied' });
        }
        const lenient = opened({ ...options, anySpelling: true });
        for (const spelling of spellings) {
          expect(await ask(lenient, spelling, ALICE.secret)).toMatchObject({ user: 'alice' });
        }
      }
    });

    test('a filter may look at other attributes; the session is of the name in usernameAttribute', async () => {
      const userFilter = '(|(uid={username})(mail={username}))';
      const authenticator = opened({ ...bySearch, userFilter, anySpelling: true });
      expect(await ask(authenticator, 'alice@example.com', ALICE.secret)).toMatchObject({ user: 'alice' });
      expect(await ask(opened({ ...bySearch, userFilter }), 'alice@example.com', ALICE.secret)).toEqual({
        outcome: 'denied',
        cause: 'otherSpelling',
      });
    });

    test('of several values of usernameAttribute the one in the DN counts; if it is not there, nobody can say', async () => {
      const carol = { uid: ['carol', 'caro', 'alice2'], description: ['one', 'two'] };
      await slapd.as(ADMIN, (client) =>
        client.add(`uid=carol,${PEOPLE}`, {
          objectClass: 'inetOrgPerson',
          cn: 'c',
          sn: 'c',
          userPassword: 'x',
          ...carol,
        }),
      );
      expect(await ask(opened({ ...bySearch, anySpelling: true }), 'caro', 'x')).toMatchObject({ user: 'carol' });
      for (const usernameAttribute of ['description', 'title']) {
        const options = { ...bySearch, usernameAttribute, userFilter: '(uid={username})' };
        await expect(ask(opened(options), 'carol', 'x')).rejects.toThrow(
          /values of \w+ for one user.*usernameAttribute/,
        );
      }
    });

    test('a name that is found twice is a fault, and binds nobody', async () => {
      for (const ou of ['one', 'two']) {
        const dn = `ou=${ou},${PEOPLE}`;
        await slapd.as(ADMIN, async (client) => {
          await client.add(dn, { objectClass: 'organizationalUnit', ou });
          await client.add(`uid=twin,${dn}`, {
            objectClass: 'inetOrgPerson',
            uid: 'twin',
            cn: 't',
            sn: 't',
            userPassword: ou,
          });
        });
      }
      for (const secret of ['one', 'two', 'wrong']) {
        await expect(ask(opened(bySearch), 'twin', secret)).rejects.toMatchObject({
          code: 'backend_fault',
          message: expect.stringMatching(/^ldap found a user name more than once.*userFilter/),
        });
      }
      expect(await ask(opened({ ...bySearch, userBase: `ou=two,${PEOPLE}` }), 'twin', 'two')).toMatchObject({
        user: 'twin',
      });
      expect(await ask(opened({ ...bySearch, userScope: 'one' }), 'twin', 'two')).toMatchObject({
        cause: 'unknownUser',
      });
    });

    test('another server that is referred to is not asked: what only it could say is a fault', async () => {
      await expect(ask(opened({ ...bySearch, userBase: REMOTE }), 'alice', ALICE.secret)).rejects.toThrow(
        /refers to another server, which is not followed/,
      );
    });

    test('without a service account the search is anonymous', async () => {
      const { bindDn: _, bindPassword: __, ...anonymous } = bySearch;
      expect(await ask(opened(anonymous), ALICE.username, ALICE.secret)).toMatchObject({ user: 'alice' });
      expect(await ask(opened(anonymous), 'no-such-user', ALICE.secret)).toMatchObject({ cause: 'unknownUser' });
    });

    test('with a template and a service account it is the account that reads', async () => {
      const { bindDn, bindPassword } = bySearch as Required<LdapAuthenticatorOptions>;
      const options = { ...byTemplate, bindDn, bindPassword, groups: 'memberOf' as const };
      expect(await ask(opened(options), ALICE.username, ALICE.secret)).toMatchObject({ user: 'alice' });
      const wrong = { ...options, bindPassword: 'marked-wrong-service-secret' };
      await expect(ask(opened(wrong), ALICE.username, ALICE.secret)).rejects.toThrow(/bindDn and bindPassword/);
      expect(await ask(opened(wrong), ALICE.username, 'marked-wrong-secret')).toMatchObject({ cause: 'wrongSecret' });
    });
  });

  describe('groups', () => {
    const groupsOf = async (options: LdapAuthenticatorOptions) => {
      const outcome = await ask(opened(options), ALICE.username, ALICE.secret);
      return outcome.outcome === 'authenticated' ? [...(outcome.groups ?? ['none looked for'])].sort() : outcome;
    };

    test('are not looked for unless asked', async () => {
      expect(await groupsOf(bySearch)).toEqual(['none looked for']);
      expect(await groupsOf(byTemplate)).toEqual(['none looked for']);
    });

    test('are those below groupBase', async () => {
      for (const groups of ['memberOf', 'search'] as const) {
        expect(await groupsOf({ ...bySearch, groups, groupBase: GROUPS })).toEqual(['odd, name', 'staff']);
        expect(await groupsOf({ ...byTemplate, groups, groupBase: GROUPS })).toEqual(['odd, name', 'staff']);
      }
    });

    test('that groups are in count as far as nestedGroups says; circles do no harm', async () => {
      await slapd.as(ADMIN, async (client) => {
        const modification = new Attribute({ type: 'member', values: [`cn=circle-back,${GROUPS}`] });
        await client.modify(`cn=staff,${GROUPS}`, new Change({ operation: 'add', modification }));
      });
      const direct = ['odd, name', 'staff'];
      const levels = [direct, [...direct, 'everybody'], [...direct, 'everybody', 'circle']];
      const all = [...direct, 'everybody', 'circle', 'circle-back'];
      for (const groups of ['memberOf', 'search'] as const) {
        for (const [nestedGroups, expected] of [...levels.entries(), [3, all] as const, [20, all] as const]) {
          const found = await groupsOf({ ...bySearch, groups, groupBase: GROUPS, nestedGroups });
          expect([groups, nestedGroups, found]).toEqual([groups, nestedGroups, [...expected].sort()]);
        }
      }
    });

    test('go by their DN if asked, and if they have no other name', async () => {
      const dns = [`cn=odd\\2C name,${GROUPS}`, `cn=staff,${GROUPS}`];
      for (const groups of ['memberOf', 'search'] as const) {
        for (const groupNameAttribute of ['dn', 'displayName']) {
          expect(await groupsOf({ ...bySearch, groups, groupBase: GROUPS, groupNameAttribute })).toEqual(dns);
        }
      }
    });

    test('are found by the user name, if the filter says so', async () => {
      const options = { ...bySearch, groups: 'search' as const, groupBase: GROUPS, groupFilter: '(cn={username})' };
      await slapd.addGroup('alice', [`uid=bob,${PEOPLE}`]);
      expect(await groupsOf(options)).toEqual(['alice']);
    });
  });

  describe('an account that may not be used', () => {
    const policy = (name: string) => `cn=${name},ou=policies,${SUFFIX}`;

    /** A policy is an entry; which one holds of a user is an attribute of the user. */
    async function addPolicy(name: string, rules: Record<string, string>): Promise<string> {
      await slapd.as(ADMIN, (client) =>
        client.add(policy(name), {
          objectClass: ['applicationProcess', 'pwdPolicy'],
          cn: name,
          pwdAttribute: 'userPassword',
          ...rules,
        }),
      );
      return policy(name);
    }

    test('is locked after too many guesses, for the right secret, too', async () => {
      const pwdPolicySubentry = await addPolicy('lockout', { pwdLockout: 'TRUE', pwdMaxFailure: '2' });
      await slapd.addUser('dave', 'Marked-Secret-Dave', { pwdPolicySubentry });
      for (const options of [bySearch, byTemplate]) {
        const authenticator = opened(options);
        for (let guess = 0; guess < 2; guess++) await ask(authenticator, 'dave', 'marked-wrong-secret');
        expect(await ask(authenticator, 'dave', 'Marked-Secret-Dave')).toEqual({ outcome: 'denied', cause: 'locked' });
        expect(await ask(authenticator, 'dave', 'marked-wrong-secret')).toEqual({ outcome: 'denied', cause: 'locked' });
      }
    });

    test('has a password that has expired', async () => {
      const pwdPolicySubentry = await addPolicy('expiry', { pwdMaxAge: '1' });
      const pwdChangedTime = '20200101000000Z';
      await slapd.addUser('erin', 'Marked-Secret-Erin', { pwdPolicySubentry });
      await slapd.setOperational(`uid=erin,${PEOPLE}`, { pwdChangedTime });
      for (const options of [bySearch, byTemplate]) {
        const authenticator = opened(options);
        const cause = 'passwordExpired';
        expect(await ask(authenticator, 'erin', 'Marked-Secret-Erin')).toEqual({ outcome: 'denied', cause });
        expect(await ask(authenticator, 'erin', 'marked-wrong-secret')).toMatchObject({ cause: 'wrongSecret' });
      }
    });

    test('has a password that must be changed, though slapd says yes', async () => {
      const pwdPolicySubentry = await addPolicy('reset', { pwdMustChange: 'TRUE' });
      await slapd.addUser('frank', 'Marked-Secret-Frank', { pwdPolicySubentry, pwdReset: 'TRUE' });
      for (const options of [bySearch, byTemplate]) {
        const cause = 'passwordMustChange';
        expect(await ask(opened(options), 'frank', 'Marked-Secret-Frank')).toEqual({ outcome: 'denied', cause });
      }
    });

    test('with a last grace login or a warning is let in', async () => {
      const pwdPolicySubentry = await addPolicy('grace', { pwdMaxAge: '1000000', pwdExpireWarning: '999999' });
      await slapd.addUser('grace', 'Marked-Secret-Grace', { pwdPolicySubentry });
      expect(await ask(opened(bySearch), 'grace', 'Marked-Secret-Grace')).toMatchObject({ user: 'grace' });
    });

    test('has no password at all', async () => {
      await slapd.as(ADMIN, (client) =>
        client.add(`uid=ghost,${PEOPLE}`, { objectClass: 'inetOrgPerson', uid: 'ghost', cn: 'g', sn: 'g' }),
      );
      for (const options of [bySearch, byTemplate]) {
        for (const secret of ['', 'Marked-Secret-1']) {
          expect(await ask(opened(options), 'ghost', secret)).toEqual({ outcome: 'denied', cause: 'wrongSecret' });
        }
      }
    });
  });
});
