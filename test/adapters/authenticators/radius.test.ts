import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { radiusAuthenticator } from '../../../src/adapters/authenticators/radius.js';
import { BackendFaultError, DeadlineExceededError } from '../../../src/model/errors.js';
import { Secret } from '../../../src/model/secret.js';
import { authenticatorContract } from '../../../src/testing/index.js';
import { authenticatedInit } from '../../support/authenticated-init.js';
import { CHALLENGED, FreeRadius, freeUdpPort, type RadiusUser } from '../../support/freeradius.js';
import { describeWith, freeradius } from '../../support/requires.js';

const secret = 'marked-shared-secret';
const ada = { username: 'ada', secret: 'Marked-Secret-ü-1', groups: ['staff', 'engines'] };
const bob = { username: 'bob', secret: 'Marked-Secret-2', groups: [] };
const AWKWARD: readonly RadiusUser[] = [
  { username: 'Ünïcødé 😀', secret: 'Marked-Secret-日本語-😀' },
  { username: 'ada@example.com', secret: 'Marked "quotes" \\and\\ \'others\' 3' },
  { username: '%{User-Password}', secret: '%{User-Name} Marked-Secret-4' },
  { username: 'longest', secret: 'Marked-5'.repeat(16) },
  { username: 'x'.repeat(253), secret: 'Marked-Secret-6' },
];
const WRONG = { reason: 'AUTHENTICATION_DENIED', code: 'authentication_denied' };
const FAULT = { reason: 'AUTHENTICATION_SYS_FAIL' };
const YES = { reason: 'authorized' };

describeWith(freeradius, 'radius against FreeRADIUS', (command) => {
  let server: FreeRadius;

  beforeAll(async () => {
    const users = [
      { ...ada, reply: ['Class = "staff"', 'Class += "engines"', 'Filter-Id = "filtered"'] },
      bob,
      { username: 'carol', secret: 'Marked-Secret-7', reply: ['User-Name = "carol@example.com"'] },
      ...AWKWARD,
    ];
    server = await FreeRadius.start(command, { secret, users });
  }, 30_000);
  afterAll(() => server.stop());

  const at = (port: number, shared = secret) => ({ host: '127.0.0.1', port, secret: shared });
  const create = () => radiusAuthenticator({ servers: [at(server.port)], groups: 'Class' });

  describe('keeps the contract', () => {
    const createBroken = async () => radiusAuthenticator({ servers: [at(await freeUdpPort())] });
    for (const { name, run } of authenticatorContract({ create, createBroken, users: [ada, bob] })) test(name, run);
  });

  test.each(AWKWARD.map((user) => [user.username.slice(0, 20), user] as const))(
    'a name and a secret of any characters: %s',
    async (_, user) => {
      const authenticator = create();
      expect(await authenticatedInit(authenticator, user)).toMatchObject(YES);
      expect(await authenticatedInit(authenticator, { ...user, secret: `x${user.secret.slice(1)}` })).toMatchObject(
        WRONG,
      );
      await authenticator.close();
    },
  );

  test('the name, groups and causes are what the server says', async () => {
    const { signal } = new AbortController();
    const outcomeOf = (username: string, given: string, groups: 'Class' | 'Filter-Id' = 'Class') => {
      const authenticator = radiusAuthenticator({ servers: [at(server.port)], groups });
      return authenticator.authenticate({ username, secret: new Secret(given) }, { signal });
    };
    expect(await outcomeOf('ada', ada.secret)).toMatchObject({ user: 'ada', groups: ['staff', 'engines'] });
    expect(await outcomeOf('ada', ada.secret, 'Filter-Id')).toMatchObject({ groups: ['filtered'] });
    expect(await outcomeOf('bob', bob.secret)).toMatchObject({ user: 'bob', groups: [] });
    expect(await outcomeOf('carol', 'Marked-Secret-7')).toMatchObject({ user: 'carol@example.com' });
    expect(await outcomeOf(CHALLENGED, 'anything')).toEqual({ outcome: 'denied', cause: 'challenged' });
    expect(await outcomeOf('nobody', 'anything')).toEqual({ outcome: 'denied', cause: 'wrongSecret' });
  });

  test('ASVS 6.3.8: the client sees the same of an unknown user, a wrong secret, a challenge and what cannot be sent', async () => {
    const authenticator = create();
    const responses = await Promise.all(
      [
        { ...ada, secret: 'marked-wrong-secret' },
        { ...ada, secret: 'x'.repeat(129) },
        { username: 'nobody', secret: 'marked-wrong-secret' },
        { username: CHALLENGED, secret: 'marked-wrong-secret' },
      ].map((attempt) => authenticatedInit(authenticator, attempt)),
    );
    for (const { response } of responses) expect(response).not.toMatch(/Enter the code|wrongSecret|radius/i);
    for (const response of responses) expect(response).toMatchObject(WRONG);
    await authenticator.close();
  });

  test('400 at once are each answered', async () => {
    // The server's socket has no room for so many, and drops the rest: they are sent again.
    const authenticator = radiusAuthenticator({ servers: [at(server.port)], timeout: 50_000 });
    const { signal } = new AbortController();
    const attempts = Array.from({ length: 400 }, async (_, call) => {
      const given = new Secret(call % 2 === 0 ? ada.secret : `marked-wrong-${call}`);
      const { outcome } = await authenticator.authenticate({ username: 'ada', secret: given }, { signal });
      expect(outcome).toBe(call % 2 === 0 ? 'authenticated' : 'denied');
    });
    await Promise.all(attempts);
    await authenticator.close();
  }, 60_000);

  test('probe asks by Status-Server, and fails with another secret and without a server', async () => {
    const { signal } = new AbortController();
    const probe = (servers: ReturnType<typeof at>[], timeout = 4_000) =>
      radiusAuthenticator({ servers, timeout }).probe({ signal });
    await probe([at(server.port)]);
    await probe([at(await freeUdpPort()), at(server.port)]);
    await expect(probe([at(server.port, 'marked-other-secret')], 300)).rejects.toThrow(DeadlineExceededError);
    await expect(probe([at(await freeUdpPort())])).rejects.toThrow(BackendFaultError);
  });

  test('a wrong shared secret is a fault, and no denial, though the server drops what is not signed with its own', async () => {
    const authenticator = radiusAuthenticator({ servers: [at(server.port, 'marked-other-secret')], timeout: 300 });
    const init = await authenticatedInit(authenticator, ada);
    expect(init).toMatchObject(FAULT);
    expect(init.cause).toBeInstanceOf(DeadlineExceededError);
    await authenticator.close();
  });

  test('a server whose answers have no Message-Authenticator is silent to us, and the log says why', async () => {
    const old = await FreeRadius.start(command, { secret, users: [ada], protectsAnswers: false });
    const authenticator = radiusAuthenticator({ servers: [at(old.port)], timeout: 2_500, retransmitAfter: 10_000 });
    try {
      const attempts = [ada, { ...ada, secret: 'marked-wrong-secret' }];
      const inits = await Promise.all(attempts.map((attempt) => authenticatedInit(authenticator, attempt)));
      for (const init of inits) {
        expect(init).toMatchObject(FAULT);
        expect(String(init.cause)).toMatch(/1 had no Message-Authenticator/);
      }
    } finally {
      await authenticator.close();
      await old.stop();
    }
  }, 30_000);

  describe('when the server fails', () => {
    let frail: FreeRadius;
    const authenticators: ReturnType<typeof radiusAuthenticator>[] = [];

    beforeAll(async () => {
      frail = await FreeRadius.start(command, { secret, users: [ada] });
    }, 30_000);
    afterAll(async () => {
      for (const authenticator of authenticators) await authenticator.close();
      await frail.stop();
    });

    const open = (...ports: number[]) => {
      const options = { timeout: 2_500, serverTimeout: 800, retransmitAfter: 100 };
      const authenticator = radiusAuthenticator({ servers: ports.map((port) => at(port)), ...options });
      authenticators.push(authenticator);
      return authenticator;
    };

    test('killed between two inits: a fault, then the next server, then it again without a restart of ours', async () => {
      const [alone, both] = [open(frail.port), open(frail.port, server.port)];
      expect(await authenticatedInit(alone, ada)).toMatchObject(YES);
      expect(await authenticatedInit(both, ada)).toMatchObject(YES);
      await frail.kill();
      expect(await authenticatedInit(alone, ada)).toMatchObject(FAULT);
      expect(await authenticatedInit(alone, { ...ada, secret: 'marked-wrong-secret' })).toMatchObject(FAULT);
      expect(await authenticatedInit(both, ada)).toMatchObject(YES);
      expect(await authenticatedInit(both, bob)).toMatchObject(YES);
      await frail.run();
      expect(await authenticatedInit(alone, ada)).toMatchObject(YES);
      expect(await authenticatedInit(alone, { ...ada, secret: 'marked-wrong-secret' })).toMatchObject(WRONG);
    }, 30_000);

    test('frozen, it takes requests and answers none: a fault, or the next server; and on as it wakes', async () => {
      const [alone, both] = [open(frail.port), open(frail.port, server.port)];
      frail.freeze();
      expect(await authenticatedInit(alone, ada)).toMatchObject(FAULT);
      expect(await authenticatedInit(both, ada)).toMatchObject(YES);
      frail.resume();
      expect(await authenticatedInit(alone, ada)).toMatchObject(YES);
    }, 30_000);

    test('killed in the middle of an init: a fault', async () => {
      const alone = open(frail.port);
      frail.freeze();
      const waiting = authenticatedInit(alone, ada);
      await frail.kill();
      expect(await waiting).toMatchObject(FAULT);
      await frail.run();
      expect(await authenticatedInit(alone, ada)).toMatchObject(YES);
    }, 30_000);

    test('down at the start: a fault, until it is there', async () => {
      await frail.kill();
      const alone = open(frail.port);
      expect(await authenticatedInit(alone, ada)).toMatchObject(FAULT);
      await frail.run();
      expect(await authenticatedInit(alone, ada)).toMatchObject(YES);
    }, 30_000);

    test('ASVS 16.2.5: no error shows a secret, shared or of a user; ASVS 16.5.1: no response names a server', async () => {
      await frail.kill();
      for (const authenticator of [open(frail.port), open(frail.port, await freeUdpPort())]) {
        const { cause, response } = await authenticatedInit(authenticator, ada);
        const shown = `${inspect(cause, { depth: 9, showHidden: true })} ${(cause as Error).stack}`;
        expect(shown).toMatch(/Nothing listens there/);
        expect(shown).not.toContain(ada.secret);
        expect(shown).not.toContain(secret);
        expect(response).not.toMatch(/127\.0\.0\.1:|ECONN|listens/);
      }
      await frail.run();
    }, 30_000);
  });
});
