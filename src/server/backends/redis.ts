import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { redisGuessStore, redisSessionManager, usedStepsInRedis } from '../../adapters/session-managers/redis.js';
import { Secret } from '../../index.js';
import { file, milliseconds, secretSource, text } from '../settings.js';
import { type BackendContext, given } from './backend.js';
import { sessionLifetime, timeFrom } from './session-lifetime.js';
import { storeBackend } from './store-backend.js';

const url = (description: string) =>
  text(description).refine((value) => !URL.canParse(value) || new URL(value).password === '', {
    error: 'it must hold no password. That is in a file or a variable, which password names.',
  });

const sentinel = z
  .strictObject({
    name: text('What Sentinel calls it.'),
    nodes: z.array(url('Such as redis://host:26379.')).min(1).describe('The URLs of the Sentinels.'),
    username: text('The account at the Sentinels.').optional(),
    password: secretSource('The password of the account at the Sentinels.').optional(),
  })
  .describe('A server that Sentinel looks after.');

const schema = z.strictObject({
  type: z.literal('redis'),
  url: url('One server: redis://host:6379/0, or rediss:// for TLS.').optional(),
  cluster: z
    .array(url('Such as redis://host:6379.'))
    .min(1)
    .optional()
    .describe('A cluster: the URLs of some of its servers. The others are found through them.'),
  sentinel: sentinel.optional(),
  username: text('The account (ACL). By default the one of the URL, or none.').optional(),
  password: secretSource('The password of that account, or of the server.').optional(),
  ca: file(
    "The certificates, in PEM, of the CAs that sign the servers'. By default the CAs that Node trusts.",
  ).optional(),
  servername: text("The name that the servers' certificates are for. By default the host of the URL.").optional(),
  prefix: text('What the names of all keys begin with: the same on all nodes.').default('session-init'),
  layout: z
    .enum(['session-init', 'dmod'])
    .default('session-init')
    .describe(
      'How sessions are kept: dmod is for services of DMOD that read them, and keeps the secrets themselves. Not in a cluster.',
    ),
  timeFrom,
  timeout: milliseconds(4_000, 'So long one call may take. It must be shorter than deadlines.session.'),
  ...sessionLifetime,
});

export const redisBackend = storeBackend({
  schema,
  async make({ type: _, ...settings }, { clock, readSecret }) {
    const {
      url,
      cluster,
      sentinel,
      username,
      password,
      ca,
      servername,
      prefix,
      layout,
      timeFrom,
      timeout,
      ...lifetime
    } = settings;
    const server = {
      ...given({ url, cluster, username, servername }),
      ...(sentinel && { sentinel: await withCredentials(sentinel, readSecret) }),
      ...(password && { password: await readSecret(password) }),
      ...(ca && { ca: await readFile(ca, 'utf8') }),
      ...{ prefix, timeout, clock },
    };
    return {
      sessionManager: redisSessionManager({ ...server, ...lifetime, layout, timeFrom }),
      guessStore: () => redisGuessStore({ ...server, timeFrom }),
      usedSteps: () => usedStepsInRedis(server),
    };
  },
});

/** The adapter takes them in the URLs of the Sentinels. */
async function withCredentials(
  { name, nodes, username, password }: z.output<typeof sentinel>,
  readSecret: BackendContext['readSecret'],
) {
  const secret = password === undefined ? new Secret('') : await readSecret(password);
  const urls = nodes.map((node) => {
    // What is no URL is told by the adapter.
    if (!URL.canParse(node)) return node;
    const address = new URL(node);
    if (username !== undefined) address.username = encodeURIComponent(username);
    if (password !== undefined) address.password = encodeURIComponent(secret.reveal());
    return address.href;
  });
  return { name, nodes: urls };
}
