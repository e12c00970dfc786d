import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROCESS = fileURLToPath(new URL('oidc-provider-process.mjs', import.meta.url));

/** Starts an OpenID provider in a process of its own, which ends with this one. */
export async function startOidcProvider(users) {
  const server = fork(PROCESS, [String(users)]);
  server.on('exit', (code) => {
    throw new Error(`The provider has ended: ${code}.`);
  });
  const [provider] = await once(server, 'message');
  return provider;
}
