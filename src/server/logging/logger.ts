import { isatty } from 'node:tty';
import { type DestinationStream, pino } from 'pino';
import { type Clock, systemClock } from '../../model/clock.js';
import { MissingPackageError } from '../../model/errors.js';

/** The least important lines that a log has; `silent` has none. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/** How a line of a log is written: as a JSON object, for humans, or as fits where the log goes. */
export type LogFormat = 'json' | 'pretty' | 'auto';

/** Every {@link LogLevel}, from the most to the least talkative. */
export const LOG_LEVELS = [
  'trace',
  'debug',
  'info',
  'warn',
  'error',
  'fatal',
  'silent',
] as const satisfies readonly LogLevel[];

/** Every {@link LogFormat}. */
export const LOG_FORMATS = ['json', 'pretty', 'auto'] as const satisfies readonly LogFormat[];

/** What the server logs to. A pino logger is one, and so is whatever wraps another. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  fatal(fields: object, message: string): void;
}

/** Options of {@link createLogger}. */
export interface LoggerOptions {
  /** @defaultValue `'info'` */
  level?: LogLevel;
  /** `auto` is `pretty` on a terminal if the package pino-pretty is installed, else `json`. @defaultValue `'auto'` */
  format?: LogFormat;
  /** The file descriptor that it writes to. @defaultValue 2, the standard error */
  destination?: number;
  /** @defaultValue {@link systemClock} */
  clock?: Clock;
}

/**
 * Creates the logger of the stand-alone server. Times are in UTC. It writes at once, so that no line is lost when the
 * process ends.
 *
 * @throws MissingPackageError if the format is `pretty` and pino-pretty is not installed
 */
export async function createLogger(options: LoggerOptions = {}): Promise<Logger> {
  const { level = 'info', format = 'auto', destination = 2, clock = systemClock } = options;
  const stream = await openStream(format, destination);
  // Named by its type, since a pino logger has every property in its own, `then` among them.
  const logger: Logger = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );
  return logger;
}

async function openStream(format: LogFormat, destination: number): Promise<DestinationStream> {
  const pretty =
    format === 'json' || (format === 'auto' && !isatty(destination)) ? undefined : await loadPretty(format);
  if (pretty === undefined) return pino.destination({ dest: destination, sync: true });
  return pretty({
    destination,
    sync: true,
    singleLine: true,
    translateTime: "UTC:yyyy-mm-dd'T'HH:MM:ss.l'Z'",
    colorize: isatty(destination) && !process.env['NO_COLOR'],
  });
}

async function loadPretty(format: LogFormat) {
  try {
    return (await import('pino-pretty')).default;
  } catch (cause) {
    if (format === 'auto') return undefined;
    throw new MissingPackageError('pino-pretty', 'log.format "pretty"', { cause });
  }
}
