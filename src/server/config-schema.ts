import * as z from 'zod';
import { Secret } from '../model/secret.js';
import { LOG_FORMATS, LOG_LEVELS } from './logging/logger.js';

/*
 * The one place where the configuration of the server is described. The types, the JSON Schema that the package ships,
 * the names of the environment variables and the defaults are all made from it. Every part has a description: it is
 * what an editor shows, and what a mistake is answered with.
 */

/** The longest delay that a timer takes, and more than anybody can count on. */
const LARGEST = 2 ** 31 - 1;

const text = (description: string) => z.string().min(1).describe(description);
const milliseconds = (fallback: number, description: string) =>
  z.int().min(1).max(LARGEST).default(fallback).describe(`${description} In milliseconds.`);
const count = (fallback: number, description: string, least = 1) =>
  z.int().min(least).max(LARGEST).default(fallback).describe(description);
const file = (description: string) => text(`${description} A relative path starts from the folder of this file.`);

const tls = z
  .strictObject({
    cert: file('A PEM file with the certificate, and those that lead to a trusted one.'),
    key: file('A PEM file with the private key.'),
  })
  .describe('Serves wss:// instead of ws://.');

const listen = z
  .strictObject({
    host: text('The address to listen on: an IP address or a name.').default('127.0.0.1'),
    port: z.int().min(0).max(65_535).default(3012).describe('The TCP port; 0 takes a free one.'),
    path: z
      .string()
      .regex(/^\/[^?#\s]*$/)
      .default('/')
      .describe('The path of the endpoint: it begins with a slash, and has no query.'),
    tls: tls.optional(),
    allowPlaintext: z
      .boolean()
      .default(false)
      .describe('Whether to serve without TLS on an address that others can reach, behind a proxy that ends TLS.'),
    origins: z
      .array(text('Such as https://app.example.org.'))
      .optional()
      .describe(
        'The web origins whose pages may connect, * for all; by default only that of the server itself, ' +
          'and for clients on this machine only localhost, 127.0.0.1 and [::1].',
      ),
    trustedProxies: z
      .array(text('An IP address, or a range such as 10.0.0.0/8.'))
      .default([])
      .describe('The proxies whose X-Forwarded-For is believed.'),
  })
  .prefault({})
  .describe('Where to listen, and to whom.');

const connections = z
  .strictObject({
    maxConnections: count(10_000, 'Connections at the same time; one more is refused.'),
    maxConnectionsPerAddress: count(1000, 'The same, from one address; IPv6 addresses count by their first 64 bits.'),
    maxMessageBytes: count(65_536, 'The longest message; a longer one closes its connection.'),
    maxQueuedMessages: count(64, 'Messages of one connection that wait for their turn.'),
    maxBufferedBytes: count(1_048_576, 'Bytes that wait for a client to read them; beyond it, it is cut off.'),
    greetingTimeout: milliseconds(30_000, 'The wait for the first message.'),
    idleTimeout: milliseconds(1_800_000, 'A connection without a message is closed after so long.'),
    pingInterval: milliseconds(30_000, 'A client without a message is asked for a sign of life after so long.'),
    sessionCheckInterval: milliseconds(
      10_000,
      'So long may a connection outlive a session that another process ended.',
    ),
  })
  .prefault({})
  .describe('Limits of the connections.');

const authenticator = z
  .discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('users-file'),
      path: file('The users file. By default it is users.json in dataDir.').optional(),
      format: z.enum(['auto', 'json', 'htpasswd']).default('auto').describe('How the users file is written.'),
      pollInterval: z.int().min(20).max(LARGEST).default(500).describe('Milliseconds between two looks at the file.'),
    }),
    z.strictObject({
      type: z.literal('static'),
      users: z
        .record(
          z.string(),
          text('The secret, in clear.').transform((secret) => new Secret(secret)),
        )
        .describe('User name to secret, in clear.'),
      groups: z.record(z.string(), z.array(z.string())).optional().describe('User name to groups.'),
      allowInsecureStaticUsers: z
        .literal(true)
        .describe('Must be true, to say that you know: whoever can read this file has the secret of every user.'),
    }),
  ])
  .prefault({ type: 'users-file' })
  .describe('Decides whether users are who they say: users-file, or static for development.');

const groupList = (description: string) => z.array(z.string().min(1)).optional().describe(description);

const authorizer = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('allow-all') }),
    z.strictObject({
      type: z.literal('groups'),
      anyOf: groupList('The user must be in at least one of these.'),
      allOf: groupList('The user must be in every one of these.'),
      noneOf: groupList('The user must be in none of these.'),
    }),
  ])
  .prefault({ type: 'allow-all' })
  .describe('Decides whether an authenticated user may have a session: allow-all, or by groups.');

const lifetime = {
  idleTimeout: milliseconds(1_800_000, 'A session that was not used for so long has ended.'),
  absoluteLifetime: milliseconds(86_400_000, 'A session has ended so long after its creation, however it is used.'),
  maxSessionsPerUser: count(100, 'How many live sessions a user may have.'),
  limitPolicy: z
    .enum(['allow', 'reuse', 'evictOldest', 'refuse'])
    .default('evictOldest')
    .describe('What happens beyond that.'),
};

const sessionManager = z
  .discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('sqlite'),
      path: file('The database. By default it is sessions.db in dataDir.').optional(),
      durability: z
        .enum(['process', 'power'])
        .default('process')
        .describe('What sessions survive: the end of the process by any means, or the loss of power, too.'),
      ...lifetime,
    }),
    z.strictObject({ type: z.literal('memory'), ...lifetime }),
  ])
  .prefault({ type: 'sqlite' })
  .describe('Keeps the sessions: sqlite, or memory, which forgets them as the server stops.');

const deadlines = z
  .strictObject({
    request: milliseconds(10_000, 'The whole init.'),
    admission: milliseconds(5_000, 'The wait for its turn.'),
    authentication: milliseconds(5_000, 'The answer of the authenticator.'),
    authorization: milliseconds(5_000, 'The answer of the authorizer.'),
    session: milliseconds(5_000, 'The creation of the session.'),
  })
  .prefault({})
  .describe('How long an init and each of its phases may take.');

const throttle = z
  .strictObject({
    enabled: z.boolean().default(true).describe('Whether failed attempts are limited at all.'),
    account: z
      .strictObject({
        maxFailures: z.int().min(1).max(100).default(50).describe('NIST SP 800-63B-4 allows at most 100.'),
        window: milliseconds(3_600_000, 'Failures are forgotten after so long.'),
      })
      .prefault({})
      .describe('Failed attempts on one account, wherever they come from.'),
    address: z
      .strictObject({
        maxFailures: count(200, 'So many may fail; the next attempt is refused.'),
        window: milliseconds(3_600_000, 'Failures are forgotten after so long.'),
      })
      .prefault({})
      .describe('Failed attempts from one address, whatever the account.'),
  })
  .prefault({})
  .describe('Limits of failed attempts.');

const log = z
  .strictObject({
    level: z.enum(LOG_LEVELS).default('info').describe('The least important lines to write.'),
    format: z
      .enum(LOG_FORMATS)
      .default('auto')
      .describe('auto is pretty on a terminal if the package pino-pretty is installed, else json.'),
  })
  .prefault({})
  .describe('The log, which goes to the standard error.');

/**
 * The schema of the configuration of the stand-alone server, in zod: `serverConfigSchema.parse(value)` puts in the
 * defaults. `loadServerConfig` checks more, such as whether files are there.
 */
export const serverConfigSchema = z
  .strictObject({
    $schema: z.string().optional().describe('The JSON Schema of this file, for editors.'),
    dataDir: text('The folder of the users file and the sessions; the server alone should have access to it.').default(
      'data',
    ),
    listen,
    connections,
    profile: z
      .enum(['rfc3339', 'dmod'])
      .default('rfc3339')
      .describe('How times are written to clients; dmod is for existing DMOD clients.'),
    authenticator,
    authorizer,
    sessionManager,
    deadlines,
    throttle,
    maxInFlight: count(1024, 'Inits that talk to the backends at the same time.'),
    maxQueued: count(8192, 'Inits that may wait for their turn; more are refused at once.', 0),
    sweepInterval: milliseconds(30_000, 'The time between two removals of expired sessions.'),
    drainDeadline: milliseconds(10_000, 'How long inits may still take when the server is told to stop.'),
    log,
  })
  .describe('The configuration of the session-init server.');

/** The configuration of the stand-alone server, with every default in place. */
export type ServerConfig = z.output<typeof serverConfigSchema>;

/** The configuration of the stand-alone server as one writes it: everything is optional. */
export type ServerConfigInput = z.input<typeof serverConfigSchema>;
