/**
 * The stand-alone server, for those who start it from a program of their own.
 *
 * @packageDocumentation
 */

export { type ServerConfig, type ServerConfigInput, serverConfigSchema } from './config-schema.js';
export type { DemoUser } from './demo-user.js';
export {
  type FlagSetting,
  type LoadedServerConfig,
  type LoadServerConfigOptions,
  loadServerConfig,
} from './load-config.js';
export { logAudit } from './logging/audit-log.js';
export { createLogger, type LogFormat, type Logger, type LoggerOptions, type LogLevel } from './logging/logger.js';
export { type RunningServer, type StartServerOptions, startServer } from './start-server.js';
