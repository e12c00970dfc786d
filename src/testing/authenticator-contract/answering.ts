import assert from 'node:assert/strict';
import { assertAccepted, assertDenied, authenticate, type Cases } from './stage.js';

/** Who is let in, and who is not. */
export const answeringCases: Cases = {
  'has a name': async (stage) => {
    assert.match((await stage.open()).name, /\S/);
  },

  'every user is authenticated with the right secret, again and again': async (stage) => {
    const authenticator = await stage.open();
    for (const user of [...stage.users, ...stage.users]) await assertAccepted(authenticator, user);
  },

  'a wrong secret is a denial, and no error': async (stage) => {
    const authenticator = await stage.open();
    await assertDenied(authenticator, { ...stage.user, secret: 'marked-wrong-secret' }, 'the secret is wrong');
    await assertAccepted(authenticator, stage.user);
  },

  'ASVS 6.3.8: an unknown user is denied as one with a wrong secret is, with the right secret of another, too': async (
    stage,
  ) => {
    const authenticator = await stage.open();
    await assertDenied(
      authenticator,
      { username: 'no-such-user', secret: 'marked-wrong-secret' },
      'nobody knows the user',
    );
    await assertDenied(authenticator, { ...stage.user, username: 'no-such-user' }, 'the secret is of another user');
  },

  "one user's secret does not open another's account": async (stage) => {
    const authenticator = await stage.open();
    for (const { username } of stage.users) {
      for (const { username: other, secret } of stage.users) {
        if (username !== other)
          await assertDenied(authenticator, { username, secret }, `the secret is that of ${other}`);
      }
    }
  },

  'ASVS 6.2.8: the secret is verified whole, as it is': async (stage) => {
    const authenticator = await stage.open();
    const { username, secret } = stage.user;
    const variants: Record<string, string> = {
      'no secret': '',
      'its last character is missing': secret.slice(0, -1),
      'its first character is missing': secret.slice(1),
      'its first 8 characters': secret.slice(0, 8) === secret ? secret.slice(0, 7) : secret.slice(0, 8),
      'a character more': `${secret}x`,
      'it, twice': secret + secret,
      'a space more': `${secret} `,
      'a space before': ` ${secret}`,
      'a line break more': `${secret}\n`,
      'a NUL and more': `${secret}\0x`,
      'upper case': secret.toUpperCase() === secret ? `${secret}X` : secret.toUpperCase(),
      'lower case': secret.toLowerCase() === secret ? `${secret}x` : secret.toLowerCase(),
      'it, and a kilobyte more': secret + 'x'.repeat(1_000),
    };
    for (const [what, variant] of Object.entries(variants)) {
      await assertDenied(authenticator, { username, secret: variant }, what);
    }
    await assertAccepted(authenticator, stage.user);
  },

  'hostile user names and secrets are denied, and break nothing': async (stage) => {
    const authenticator = await stage.open();
    const { username, secret } = stage.user;
    for (const hostile of [
      '',
      ' ',
      '\0',
      `${username}\0`,
      `${username}\n`,
      '*',
      `${username}*`,
      `*)(uid=${username}`,
      `${username})(|(uid=*))`,
      "' OR '1'='1",
      `${username}'; --`,
      '../../etc/passwd',
      '__proto__',
      'constructor',
      'toString',
      'hasOwnProperty',
      '\u202Eecila',
      '\uD800',
      '😀'.repeat(100),
      'x'.repeat(4_096),
    ]) {
      await assertDenied(authenticator, { username: hostile, secret }, `there is no user ${JSON.stringify(hostile)}`);
      await assertDenied(authenticator, { username, secret: hostile }, 'the secret is hostile');
    }
    await assertAccepted(authenticator, stage.user);
  },

  'what a caller does to an outcome changes no other': async (stage) => {
    const authenticator = await stage.open();
    const outcome = await authenticate(authenticator, stage.user);
    try {
      Object.assign(outcome, { user: 'somebody-else', outcome: 'denied' });
    } catch {
      // It is frozen, which serves as well.
    }
    await assertAccepted(authenticator, stage.user);
  },
};
