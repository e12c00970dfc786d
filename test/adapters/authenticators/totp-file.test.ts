import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { ConfigurationError } from '../../../src/model/errors.js';
import { tempFolder } from '../../support/temp-folder.js';
import { ADA, BOB, codeAt, failureOf, openTotp, UNKNOWN, WRONG, YES } from '../../support/totp.js';

const folder = tempFolder();

describe('a file of secrets', () => {
  const path = join(folder, 'totp.json');
  const write = (content: unknown) =>
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));

  test('is read, and read again as it changes', async () => {
    write({ secrets: { ada: ADA } });
    const { clock, authenticator, give } = openTotp({ path });
    await authenticator.open();
    expect(await give(codeAt(clock.now()))).toEqual(YES);
    expect(await give(codeAt(clock.now(), BOB), 'bob')).toEqual(UNKNOWN);

    writeFileSync(`${path}.new`, JSON.stringify({ secrets: { bob: BOB, ada: BOB } }));
    renameSync(`${path}.new`, path);
    expect(await give(codeAt(clock.now()))).toEqual(WRONG);
    expect(await give(codeAt(clock.now(), BOB), 'bob')).toMatchObject({ user: 'bob' });
  });

  test('that is gone or garbled is a fault, until it is there again', async () => {
    write({ secrets: { ada: ADA } });
    const { clock, give } = openTotp({ path });
    expect(await give('000000')).toEqual(WRONG);
    rmSync(path);
    expect(await failureOf(give(codeAt(clock.now())))).toBeInstanceOf(ConfigurationError);
    write('{"secrets": {"ada":');
    expect(await failureOf(give(codeAt(clock.now())))).toBeInstanceOf(ConfigurationError);
    write({ secrets: { ada: ADA } });
    expect(await give(codeAt(clock.now()))).toEqual(YES);
  });

  test('may name a user as it likes', async () => {
    write(`{"secrets": {"__proto__": "${ADA}", "toString": "${BOB}"}}`);
    const { clock, give } = openTotp({ path });
    expect(await give(codeAt(clock.now()), '__proto__')).toMatchObject({ user: '__proto__' });
    expect(await give(codeAt(clock.now()), 'toString')).toEqual(WRONG);
    expect(await give(codeAt(clock.now()), 'valueOf')).toEqual(UNKNOWN);
  });

  test.each<[string, unknown, RegExp[]]>([
    ['no JSON', `{"secrets": {"ada": "${ADA}"`, [/must be JSON: \{"secrets"/]],
    ['no secrets', {}, [/must be JSON/]],
    ['a list', [ADA], [/must be JSON/]],
    ['something else', { secrets: {}, Secrets: {} }, [/There is no property "Secrets"/]],
    [
      'secrets that are none',
      { secrets: { ada: 'marked0secret1', bob: 7, carol: 'NVQXE23FMQ', dave: BOB } },
      [/"ada" must be Base32 of 16 to 64 bytes/, /"bob" must/, /"carol" must/],
    ],
  ])('with %s is refused at the start, with every problem', async (_, content, expected) => {
    write(content);
    const error = await failureOf(openTotp({ path }).authenticator.open());
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as ConfigurationError).problems).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
    expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/marked0secret1|NVQXE23F/);
  });
});
