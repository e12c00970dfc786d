import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type LdapAuthenticatorOptions, ldapAuthenticator } from '../../../../src/adapters/authenticators/ldap.js';
import type { Authenticator } from '../../../../src/adapters/ports.js';
import { Secret } from '../../../../src/model/secret.js';
import { findSecret } from '../../../../src/testing/find-secret.js';
import { simulatedClock } from '../../../../src/testing/index.js';
import { authenticatedInit } from '../../../support/authenticated-init.js';
import { describeWith, findCommand, openssl, slapd as requirement } from '../../../support/requires.js';
import { selfSigned } from '../../../support/self-signed.js';
import { result, SCRIPTED_SUFFIX, type ScriptedRequest, SERVICE, Slapd } from '../../../support/slapd.js';

const DENIED = { reason: 'AUTHENTICATION_DENIED' };
const AUTHENTICATOR_FAILED = { reason: 'AUTHENTICATION_SYS_FAIL' };
const USER = { username: 'alice', secret: 'Marked-Secret-Alice' };
const DN = `uid=alice,${SCRIPTED_SUFFIX}`;
const open: Authenticator[] = [];

afterEach(async () => {
  for (const authenticator of open.splice(0)) await authenticator.close?.();
});

/** A real slapd that passes what it is asked to a script, so that it answers as other directories do. */
describeWith(requirement, 'what the answers of a directory mean to the ldap authenticator', (command) => {
  let slapd: Slapd;
  let asked: ScriptedRequest[] = [];

  beforeAll(async () => {
    slapd = await Slapd.start(command, selfSigned(findCommand(openssl.command) as string));
  });
  afterAll(() => slapd?.stop());

  /** slapd tells of the end of a connection, too, whenever it notices it. */
  function note(request: ScriptedRequest): void {
    if (request.operation !== 'UNBIND') asked.push(request);
  }

  /** Finds the user, with these lines in its entry, and answers its bind so. */
  function answering(bind: string, entry = '', search = result(0)): void {
    asked = [];
    slapd.scripted = (request) => {
      note(request);
      if (request.operation === 'BIND') return bind;
      return `dn: ${DN}\nobjectClass: inetOrgPerson\nuid: alice\n${entry}\n${search}`;
    };
  }

  function bySearch(options: Partial<LdapAuthenticatorOptions> = {}): Authenticator {
    const service = { bindDn: SERVICE.dn, bindPassword: SERVICE.password };
    const authenticator = ldapAuthenticator({ url: slapd.url, ...service, userBase: SCRIPTED_SUFFIX, ...options });
    open.push(authenticator);
    return authenticator;
  }

  function byTemplate(): Authenticator {
    const authenticator = ldapAuthenticator({ url: slapd.url, userDnTemplate: `uid={username},${SCRIPTED_SUFFIX}` });
    open.push(authenticator);
    return authenticator;
  }

  const activeDirectory = (reason: string) =>
    result(49, `80090308: LdapErr: DSID-0C09042A, comment: AcceptSecurityContext error, data ${reason}, v3839`);

  test.each([
    ['525', 'unknownUser'],
    ['52e', 'wrongSecret'],
    ['52E', 'wrongSecret'],
    ['530', 'notPermittedNow'],
    ['531', 'notPermittedHere'],
    ['532', 'passwordExpired'],
    ['533', 'disabled'],
    ['568', 'tooManyGroups'],
    ['701', 'expired'],
    ['773', 'passwordMustChange'],
    ['775', 'locked'],
    ['fff', 'wrongSecret'],
  ])("Active Directory's data %s is a denial: %s", async (reason, cause) => {
    answering(activeDirectory(reason));
    for (const authenticator of [bySearch(), byTemplate()]) {
      expect(await authenticatedInit(authenticator, USER)).toMatchObject({ ...DENIED, cause });
    }
  });

  test.each([
    ['49 alone', result(49), '', 'wrongSecret'],
    ['49 on an entry that is locked', result(49), 'pwdAccountLockedTime: 20260101000000Z\n', 'locked'],
    ['32', result(32), '', 'unknownUser'],
    ['34', result(34), '', 'unknownUser'],
    ['53 on an entry that is inactivated', result(53), 'nsAccountLock: TRUE\n', 'disabled'],
  ])('result %s is a denial', async (_, bind, entry, cause) => {
    answering(bind, entry);
    expect(await authenticatedInit(bySearch(), USER)).toMatchObject({ ...DENIED, cause });
  });

  test.each([1, 2, 3, 7, 8, 11, 13, 16, 19, 21, 48, 50, 51, 52, 53, 54, 71, 80, 112, 123])(
    'ASVS 16.5.3: result %i of a bind is a fault, for a known and for an unknown user',
    async (code) => {
      const text = 'marked-text-of-the-directory';
      answering(result(code, text));
      for (const authenticator of [bySearch(), byTemplate()]) {
        const init = await authenticatedInit(authenticator, USER);
        expect(init).toMatchObject(AUTHENTICATOR_FAILED);
        expect(init.response).not.toContain(text);
        expect(init.response).not.toContain(slapd.url);
        expect(findSecret(init.cause, USER.secret)).toBeUndefined();
      }
      slapd.scripted = ({ operation }) => (operation === 'SEARCH' ? result(0) : result(code, text));
      expect(await authenticatedInit(bySearch(), USER)).toMatchObject(AUTHENTICATOR_FAILED);
    },
  );

  test.each([1, 3, 4, 8, 10, 11, 12, 13, 32, 34, 50, 51, 52, 53, 80])(
    'ASVS 16.5.3: result %i of a search is a fault, even if the user was found, and binds nobody',
    async (code) => {
      answering(result(0), '', result(code));
      const init = await authenticatedInit(bySearch(), USER);
      expect(init).toMatchObject(AUTHENTICATOR_FAILED);
      expect(asked.filter(({ operation }) => operation === 'BIND')).toEqual([]);
    },
  );

  test('faults say what to do, and keep the text of the directory as their cause', async () => {
    const messageOf = async (authenticator: Authenticator) =>
      ((await authenticatedInit(authenticator, USER)).cause as Error).message;
    answering(result(13, 'TLS confidentiality required'));
    expect(await messageOf(bySearch())).toBe(
      'ldap got result 13 for the bind of a user, which is no answer. Use ldaps:// or startTls.',
    );
    expect((await authenticatedInit(bySearch(), USER)).cause).toMatchObject({
      cause: { message: expect.stringContaining('TLS confidentiality required') },
    });
    answering(result(0), '', result(32));
    expect(await messageOf(bySearch({ name: 'staff' }))).toBe(
      `staff was refused a search at ${SCRIPTED_SUFFIX} with result 32. There is no such entry. Check the base.`,
    );
  });

  test('ASVS 6.3.8: for an unknown user a bind is made, too, with nothing of the asserted secret', async () => {
    answering(result(49));
    await authenticatedInit(bySearch(), USER);
    const known = asked.map(({ operation }) => operation);
    asked = [];
    slapd.scripted = (request) => {
      note(request);
      return request.operation === 'SEARCH' ? result(0) : result(49);
    };
    expect(await authenticatedInit(bySearch(), USER)).toMatchObject({ ...DENIED, cause: 'unknownUser' });
    expect(known).toEqual(['SEARCH', 'BIND']);
    expect(asked.map(({ operation }) => operation)).toEqual(known);
    expect(asked[1]?.lines).toMatchObject({
      dn: `cn=session-init-decoy,${SCRIPTED_SUFFIX}`,
      cred: expect.stringMatching(/^[\da-f]{48}$/),
    });

    const decoyDn = `cn=decoy,${SCRIPTED_SUFFIX}`;
    asked = [];
    slapd.scripted = (request) => {
      note(request);
      // Even a decoy that could be bound lets nobody in.
      return result(0);
    };
    expect(await authenticatedInit(bySearch({ decoyDn }), USER)).toMatchObject({ ...DENIED, cause: 'unknownUser' });
    expect(asked[1]?.lines['dn']).toBe(decoyDn);
  });

  test('an empty secret, and what is no Unicode, is refused before anything is asked', async () => {
    answering(result(0));
    const signal = new AbortController().signal;
    for (const authenticator of [bySearch(), byTemplate()]) {
      for (const secret of ['', '\uD800', 'x\uDC00']) {
        const asserted = { username: 'alice', secret: new Secret(secret) };
        expect(await authenticator.authenticate(asserted, { signal })).toEqual({
          outcome: 'denied',
          cause: 'wrongSecret',
        });
      }
      for (const username of ['', '\uD800']) {
        const asserted = { username, secret: new Secret('x') };
        expect(await authenticator.authenticate(asserted, { signal })).toEqual({
          outcome: 'denied',
          cause: 'unknownUser',
        });
      }
    }
    expect(asked).toEqual([]);
  });

  test('a name cannot become another filter or another DN', async () => {
    answering(result(49));
    const hostile = 'x)(|(uid=*))\\2a,ou=evil+cn="q";#';
    await authenticatedInit(bySearch(), { ...USER, username: hostile });
    expect(asked[0]?.lines['filter']).toBe('(uid=x\\29\\28|\\28uid=\\2A\\29\\29\\5C2a,ou=evil+cn="q";#)');
    asked = [];
    await authenticatedInit(byTemplate(), { ...USER, username: hostile });
    expect(asked[0]?.lines['dn']).toMatch(/^uid=x\)\(\|\(uid\\3[dD]\*\)\)\\5[cC]2a\\2[cC]ou/);
    expect(asked[0]?.lines['dn']).toMatch(/,dc=scripted$/);
  });

  test('too many groups is a fault', async () => {
    const lines = Array.from({ length: 5_001 }, (_, index) => `memberOf: cn=g${index},dc=scripted\n`);
    answering(result(0), lines.join(''));
    expect((await authenticatedInit(bySearch({ groups: 'memberOf' }), USER)).cause).toMatchObject({
      message: 'A user is in more than 5000 groups.',
    });
  });

  describe('a service account that is refused', () => {
    const wrong = { bindDn: DN, bindPassword: 'marked-service-secret-1', userBase: SCRIPTED_SUFFIX };
    const binds = () => asked.filter(({ operation }) => operation === 'BIND').length;

    test('is a fault that names the options, and is not tried again at once, or it would be locked', async () => {
      const clock = simulatedClock();
      answering(result(49));
      const authenticator = bySearch({ ...wrong, clock, timeout: 60_000, connectTimeout: 60_000 });
      const signal = new AbortController().signal;
      const call = () => authenticator.authenticate({ username: 'alice', secret: new Secret(USER.secret) }, { signal });
      for (let init = 0; init < 3; init++) {
        await expect(call()).rejects.toMatchObject({
          code: 'backend_fault',
          message:
            'ldap cannot search: the directory refused its service account with result 49. Check bindDn and bindPassword.',
        });
      }
      expect(binds()).toBe(1);
      await expect(call()).rejects.toMatchObject({ code: 'backend_fault' });
      clock.increment(30_000);
      answering(result(0));
      expect(await call()).toMatchObject({ outcome: 'authenticated' });
    });

    test('shows its password nowhere', async () => {
      answering(result(49));
      const { cause, response } = await authenticatedInit(bySearch(wrong), USER);
      expect(findSecret([cause, response], wrong.bindPassword)).toBeUndefined();
      expect(findSecret([cause, response], USER.secret)).toBeUndefined();
    });
  });

  describe('a probe', () => {
    const signal = new AbortController().signal;

    test('finds userBase and gets a refusal for nobody', async () => {
      answering(result(49));
      for (const authenticator of [bySearch(), byTemplate()]) await authenticator.probe?.({ signal });
      expect(asked.map(({ operation }) => operation)).toEqual(['SEARCH', 'BIND', 'BIND']);
    });

    test('fails as a call would', async () => {
      answering(result(52));
      for (const authenticator of [bySearch(), byTemplate()]) {
        await expect(authenticator.probe?.({ signal })).rejects.toMatchObject({ code: 'backend_fault' });
      }
      slapd.scripted = ({ operation }) => (operation === 'SEARCH' ? result(32) : result(49));
      await expect(bySearch().probe?.({ signal })).rejects.toThrow(/no entry at userBase, dc=scripted/);
    });
  });
});
