import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { generateSync } from 'otplib';
import { ConfigurationError, Secret } from '../../../src/index.js';
import { openBackends } from '../../../src/server/backends/open-backends.js';
import { loadServerConfig } from '../../../src/server/load-config.js';
import { createLogger, type Logger } from '../../../src/server/logging/logger.js';
import { simulatedClock } from '../../../src/testing/index.js';
import { tempFolder } from '../../support/temp-folder.js';

const ADA = 'NVQXE23FMQWXK43FOIWXGZLDOJSXILJR';
const folder = tempFolder();
const path = join(folder, 'totp.json');
const silent = await createLogger({ level: 'silent' });

function write(secrets: object, mode = 0o600): void {
  writeFileSync(path, JSON.stringify({ secrets }));
  chmodSync(path, mode);
}

async function load(settings: object) {
  const authenticator = { type: 'totp', ...settings };
  writeFileSync(join(folder, 'session-init.json'), JSON.stringify({ authenticator }));
  return (await loadServerConfig({ environment: {}, folder })).config;
}

test('codes are verified as it is configured', async () => {
  write({ ada: ADA });
  const config = await load({ path: 'totp.json', period: 60, digits: 8, algorithm: 'sha256', window: 0 });
  const clock = simulatedClock();
  const backends = await openBackends(config, { logger: silent, clock });
  const give = (code: string) =>
    backends.authenticator.authenticate({ username: 'ada', secret: new Secret(code) }, new AbortController());
  const code = (period: number) =>
    generateSync({ secret: ADA, epoch: clock.now() / 1_000, period, digits: 8, algorithm: 'sha256' });
  expect(await give(code(30))).toMatchObject({ outcome: 'denied' });
  expect(await give(code(60))).toMatchObject({ outcome: 'authenticated' });
  expect(await give(code(60))).toEqual({ outcome: 'denied', cause: 'codeUsed' });
  await backends.close();
});

test.each([
  [0o600, []],
  [0o640, ['secret_file_exposed']],
  [0o604, ['secret_file_exposed']],
])('a file of mode %o that others may read is warned of', async (mode, expected) => {
  write({ ada: ADA }, mode);
  const events: unknown[] = [];
  const logger = { ...silent, warn: (fields: { event: string }) => events.push(fields.event) } as unknown as Logger;
  const backends = await openBackends(await load({ path: 'totp.json' }), { logger });
  expect(events).toEqual(expected);
  await backends.close();
});

test('a server does not start with a file that cannot be used', async () => {
  write({ ada: 'marked0secret1' });
  const failure = openBackends(await load({ path: 'totp.json' }), { logger: silent }).catch((cause: unknown) => cause);
  expect(await failure).toBeInstanceOf(ConfigurationError);
  expect(String(await failure)).toMatch(/authenticator: totp: .*totp\.json: The secret of "ada" must be Base32/);
  expect(String(await failure)).not.toContain('marked0secret1');
});

test.each([
  [{}, [/^authenticator\.path: it is missing/]],
  [{ path: 'absent.json' }, [/^authenticator\.path: there is no file/]],
  [
    { path: 'totp.json', algorithm: 'md5', digits: 5, period: 0, window: 11 },
    [/algorithm: it must be sha1 or/, /digits: /, /period: /, /window: /],
  ],
])('what is wrong is told with its setting: %j', async (settings, expected) => {
  const error = await load(settings).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(ConfigurationError);
  expect([...(error as ConfigurationError).problems].sort()).toEqual(
    expected.map((pattern) => expect.stringMatching(pattern)),
  );
});
