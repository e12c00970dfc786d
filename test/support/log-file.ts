import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, type Logger, type LoggerOptions } from '../../src/server/logging/logger.js';

/** A logger that writes to a file, as the server's own does to the standard error. */
export interface LogFile {
  logger: Logger;
  /** What was written so far. */
  text(): string;
  /** The lines that were written so far, if they are JSON. */
  lines(): Record<string, unknown>[];
  close(): void;
}

export async function openLogFile(options: LoggerOptions): Promise<LogFile> {
  const folder = mkdtempSync(join(tmpdir(), 'session-init-log-'));
  const file = join(folder, 'log');
  const descriptor = openSync(file, 'a');
  const text = () => readFileSync(file, 'utf8');
  return {
    logger: await createLogger({ ...options, destination: descriptor }),
    text,
    lines: () =>
      text()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
    close() {
      closeSync(descriptor);
      rmSync(folder, { recursive: true });
    },
  };
}
