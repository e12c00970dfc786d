import { describe, expect, test } from '@jest/globals';
import { runCommand, startServe } from '../support/command-line.js';
import { ask, ScriptedPage, tokenOf } from '../support/inspector-world.js';
import { temporaryFolder } from '../support/temporary-folder.js';

describe('session-init serve --inspect', () => {
  test('prints the address of a page, on which the inits are seen, and writes its token to no log', async () => {
    const cwd = temporaryFolder();
    const server = await startServe(['--inspect', '--log-level', 'trace'], { cwd });
    const url = /^Watch it on (\S+)$/m.exec(server.stdout())?.[1] as string;
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#token=/);
    expect((await ask(url)).status).toBe(200);

    const page = await ScriptedPage.open(url);
    await page.hello();
    await runCommand(['init', server.url, '--user', 'demo'], { cwd, input: server.demoSecret ?? '' });
    await runCommand(['init', server.url, '--user', 'demo'], { cwd, input: 'marked-user-secret-1' });
    await page.update(({ overview }) => overview.completed === 2);
    expect(page.inits.map(({ username, state, ipAddress }) => [username, state, ipAddress])).toEqual([
      ['demo', 'authorized', '127.0.0.1'],
      ['demo', 'authenticationDenied', '127.0.0.1'],
    ]);
    await page.update(({ connections }) => connections?.totals.closed === 2);
    const told = JSON.stringify(page.messages);
    for (const secret of [server.demoSecret, 'marked-user-secret-1']) expect(told).not.toContain(secret);

    server.kill('SIGTERM');
    const { status, stderr } = await server.finished;
    expect(status).toBe(0);
    expect(stderr).not.toContain(tokenOf(url));
  });

  test('a port that is none, or that is taken, is told', async () => {
    const cwd = temporaryFolder();
    expect(await runCommand(['serve', '--inspect', 'x'], { cwd })).toMatchObject({
      stderr: expect.stringMatching(/port from 0 to 65535/),
    });
    const server = await startServe(['--inspect'], { cwd });
    const port = /^Watch it on http:\/\/127\.0\.0\.1:(\d+)/m.exec(server.stdout())?.[1] as string;
    const second = await runCommand(['serve', '--port', '0', '--inspect', port], { cwd });
    expect(second.stderr).toMatch(/the port is in use/);
    server.kill('SIGTERM');
    await server.finished;
  });
});
