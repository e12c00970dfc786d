import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createSecureContext } from 'node:tls';
import {
  type Clock,
  ConfigurationError,
  createSessionOrchestrator,
  type DrainReport,
  type SessionOrchestrator,
  systemClock,
} from '../index.js';
import type { Inspector } from '../inspector/index.js';
import { listen } from '../transports/websocket/http-server.js';
import { type WebSocketTransport, type WebSocketTransportEvent, webSocketTransport } from '../transports/websocket.js';
import { openBackends } from './backends/open-backends.js';
import { databaseOf, makeStore } from './backends/session-manager.js';
import type { Store } from './backends/store-backend.js';
import type { ServerConfig } from './config-schema.js';
import { isFirstStart, openDataFolder, usersFileOf, usesDataFolder } from './data-folder.js';
import { type DemoUser, newDemoUser } from './demo-user.js';
import { type Health, serverHealth } from './health.js';
import { logAudit } from './logging/audit-log.js';
import { createLogger, type Logger } from './logging/logger.js';
import { transportLog } from './logging/transport-log.js';
import { openStore } from './open-store.js';
import { storeCheck } from './store-check.js';

/** Options of {@link startServer}. */
export interface StartServerOptions {
  /** @defaultValue what `config.log` asks for, on the standard error */
  logger?: Logger;
  /** @defaultValue {@link systemClock} */
  clock?: Clock;
  /**
   * If it is given and the server has never run with this configuration, a user is made, and handed over once. Without
   * it no user is made, and a server without a users file does not start.
   */
  onFirstStart?: (demo: Pick<DemoUser, 'name' | 'secret'>) => void;
  /** Shows the inits, the connections and the circuit breakers: what `inspector()` of `session-init/inspector` gives. Who gives it closes it. */
  inspector?: Pick<Inspector, 'attach' | 'onTransportEvent' | 'onBreakerChange'> | undefined;
}

/** A server that runs. */
export interface RunningServer {
  /** Where it listens: `ws://127.0.0.1:3012`. */
  readonly url: string;
  readonly orchestrator: SessionOrchestrator;
  readonly transport: WebSocketTransport;
  /**
   * Says that it is not ready any more, and after `drainDelay` takes no new connections, lets what runs finish within
   * `drainDeadline`, and closes everything. Calling it again returns the same promise.
   */
  drain(): Promise<DrainReport>;
  /** A drain that waits for nobody. It also cuts short one that is under way. */
  close(): Promise<void>;
}

/**
 * Starts the stand-alone server. If it cannot start, everything that was opened is closed again, and what was there
 * before is as it was.
 *
 * @example
 * ```ts
 * import { loadServerConfig, startServer } from 'session-init/server';
 *
 * const { config } = await loadServerConfig({ file: 'session-init.json' });
 * const server = await startServer(config);
 * console.log(server.url);
 * process.once('SIGTERM', () => server.drain());
 * ```
 *
 * @throws ConfigurationError if the configuration, a file or the port cannot be used, with what to do
 * @throws MissingPackageError if an optional package that the configuration needs is not installed
 */
export async function startServer(config: ServerConfig, options: StartServerOptions = {}): Promise<RunningServer> {
  const { logger = await createLogger(config.log), clock = systemClock, onFirstStart, inspector } = options;
  // What can be known to fail is tried first, before anything is made.
  const tls = await readTls(config);
  await requireFreePort(config);
  const demo = onFirstStart !== undefined && isFirstStart(config) ? await newDemoUser() : undefined;

  const opened: { close?(): Promise<void> }[] = [];
  try {
    if (usesDataFolder(config)) await openFolder(config, logger);
    const store = await makeStore(config, { logger, clock });
    const { sessionManager, usedSteps } = store;
    opened.push(sessionManager);
    const answers = await openStore(store, logger);
    if (await demo?.save(usersFileOf(config) as string)) onFirstStart?.(demo as DemoUser);
    const onBreakerChange = inspector?.onBreakerChange;
    const backends = await openBackends(config, { logger, clock, onBreakerChange, usedSteps });
    opened.push(backends);
    const { authenticator, authorizer } = backends;
    const { deadlines, maxInFlight, maxQueued, sweepInterval, throttle } = config;
    const orchestrator = createSessionOrchestrator({
      ...{ authenticator, authorizer, sessionManager, clock },
      ...{ deadlines, maxInFlight, maxQueued, sweepInterval },
      throttle: throttle.enabled && throttleOptions(throttle, store),
    });
    opened.splice(0, opened.length, orchestrator);
    logAudit(orchestrator, logger);
    inspector?.attach(orchestrator);
    const health = serverHealth(storeCheck(sessionManager, { clock, logger, answers }));
    const { origins, ...listening } = config.listen;
    const log = transportLog(logger);
    const transport = webSocketTransport(orchestrator, {
      ...config.connections,
      ...listening,
      ...(origins && { origins }),
      tls,
      profile: config.profile,
      clock,
      onRequest: health.answer,
      onEvent: inspector === undefined ? log : both(log, inspector.onTransportEvent),
    });
    opened.unshift(transport);
    await transport.listening;
    return running(config, { orchestrator, transport, health, logger, clock });
  } catch (cause) {
    for (const part of opened) await part.close?.();
    throw cause;
  }
}

function throttleOptions({ account, address, store }: ServerConfig['throttle'], { guessStore }: Store) {
  return { account, address, ...(store === 'sessionManager' && guessStore && { store: guessStore() }) };
}

function both(one: (event: WebSocketTransportEvent) => void, other: (event: WebSocketTransportEvent) => void) {
  return (event: WebSocketTransportEvent) => {
    one(event);
    other(event);
  };
}

function running(
  config: ServerConfig,
  {
    orchestrator,
    transport,
    health,
    logger,
    clock,
  }: Pick<RunningServer, 'orchestrator' | 'transport'> & {
    health: Health;
    logger: Logger;
    clock: Clock;
  },
): RunningServer {
  const url = transport.address().url.replace(/\/$/, '');
  const files = { users_file: usersFileOf(config), database: databaseOf(config), sessions: config.sessionManager.type };
  logger.info({ event: 'sys_startup', url, node: process.versions.node, ...files }, 'The server listens.');

  let endDelay = () => {};
  async function delay(): Promise<void> {
    if (config.drainDelay === 0) return;
    await new Promise<void>((resolve) => {
      const timer = clock.setTimeout(resolve, config.drainDelay);
      endDelay = () => {
        clock.clearTimeout(timer);
        resolve();
      };
    });
  }

  async function shutDown(): Promise<DrainReport> {
    logger.info({ event: 'sys_shutdown_begun', connections: transport.connections }, 'The server is told to stop.');
    health.beginDraining();
    await delay();
    const begun = clock.monotonic();
    // One after the other: what the transport still has to take back needs the session manager.
    await transport.drain(config.drainDeadline);
    const left = config.drainDeadline - (clock.monotonic() - begun);
    const report = await orchestrator.drain(Math.max(0, left));
    logger.info({ event: 'sys_shutdown', ...report }, 'The server has stopped.');
    return report;
  }

  let drained: Promise<DrainReport> | undefined;
  const drain = () => {
    drained ??= shutDown();
    return drained;
  };
  return {
    url,
    orchestrator,
    transport,
    drain,
    async close() {
      const stopped = drain();
      endDelay();
      await Promise.all([transport.close(), orchestrator.close(), stopped]);
    },
  };
}

async function openFolder({ dataDir }: ServerConfig, logger: Logger): Promise<void> {
  const warning = await openDataFolder(dataDir);
  if (warning !== undefined) logger.warn({ event: 'data_folder_exposed', folder: dataDir }, warning);
}

async function readTls({ listen }: ServerConfig): Promise<{ cert: Buffer; key: Buffer } | undefined> {
  if (listen.tls === undefined) return undefined;
  const { cert, key } = listen.tls;
  try {
    const pair = { cert: await readFile(cert), key: await readFile(key) };
    createSecureContext(pair);
    return pair;
  } catch (cause) {
    throw new ConfigurationError(`listen.tls: ${cert} and ${key} cannot be used. Are both in PEM, and of a pair?`, {
      cause,
    });
  }
}

/** So that a port in use is known before a file is made. What takes it a moment later is found by the transport. */
async function requireFreePort({ listen: { host, port } }: ServerConfig): Promise<void> {
  const probe = createServer();
  await listen(probe, port, host, () => {});
  await new Promise((resolve) => probe.close(resolve));
}
