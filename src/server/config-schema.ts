import * as z from 'zod';
import { authenticatorSchema, authorizerSchema, sessionManagerSchema } from './backends/registry.js';
import { LOG_FORMATS, LOG_LEVELS } from './logging/logger.js';
import { count, file, milliseconds, ownFile, text } from './settings.js';

/*
 * The one place where the configuration of the server is described. The types, the JSON Schema that the package ships,
 * the names of the environment variables and the defaults are all made from it. Every part has a description: it is
 * what an editor shows, and what a mistake is answered with.
 */

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

const authenticator = authenticatorSchema
  .prefault({ type: 'users-file' })
  .describe('Decides whether users are who they say: users-file, static for development, or what docs/adapters has.');

const authenticators = z
  .record(z.string().regex(/^[a-z][a-z0-9-]*$/), authenticatorSchema)
  .default({})
  .describe('Authenticators by name, for one that is made of several: a chain, first-of, all-of.');

const authorizer = authorizerSchema
  .prefault({ type: 'allow-all' })
  .describe(
    'Decides whether an authenticated user may have a session: allow-all, by groups, or what docs/adapters has.',
  );

const sessionManager = sessionManagerSchema
  .prefault({ type: 'sqlite' })
  .describe(
    'Keeps the sessions: sqlite; redis or postgres, which several nodes share; or memory, which forgets them as the server stops.',
  );

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
    store: z
      .enum(['sessionManager', 'memory'])
      .default('sessionManager')
      .describe(
        'Where they are counted: in redis or postgres, if the sessions are there, for all nodes; or by each node.',
      ),
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
    dataDir: ownFile(
      'The folder of the users file and the sessions; the server alone should have access to it.',
    ).default('data'),
    listen,
    connections,
    profile: z
      .enum(['rfc3339', 'dmod'])
      .default('rfc3339')
      .describe('How times are written to clients; dmod is for existing DMOD clients.'),
    authenticator,
    authenticators,
    authorizer,
    sessionManager,
    deadlines,
    throttle,
    maxInFlight: count(1024, 'Inits that talk to the backends at the same time.'),
    maxQueued: count(8192, 'Inits that may wait for their turn; more are refused at once.', 0),
    sweepInterval: milliseconds(30_000, 'The time between two removals of expired sessions.'),
    drainDelay: milliseconds(
      0,
      'How long a server that is told to stop still takes connections, and says at /readyz that it will not for long.',
      0,
    ),
    drainDeadline: milliseconds(10_000, 'How long inits may still take when the server is told to stop.'),
    log,
  })
  .describe('The configuration of the session-init server.');

/** The configuration of the stand-alone server, with every default in place. */
export type ServerConfig = z.output<typeof serverConfigSchema>;

/** The configuration of the stand-alone server as one writes it: everything is optional. */
export type ServerConfigInput = z.input<typeof serverConfigSchema>;
