import { ConfigurationError } from '../../model/errors.js';
import type { FullAuthSession } from '../../model/session.js';
import { printable } from '../../server/logging/printable.js';
import type { ConfigOptions } from '../config-options.js';
import { columnWidths, printWhole, row, visibleJson } from '../terminal.js';
import { pagesOf, sessionId, withSessions } from './stored-sessions.js';

/** What commander has read of the options of `session list`. */
export interface ListOptions extends ConfigOptions {
  readonly user?: string;
  readonly after?: string;
  readonly limit?: string;
  readonly json?: true;
}

/** `session-init session list`: prints page by page, as fast as it is read, and holds no more than one. */
export async function runList(options: ListOptions): Promise<void> {
  const selection = {
    user: options.user,
    after: options.after === undefined ? undefined : sessionId(options.after),
    limit: options.limit === undefined ? undefined : limitOf(options.limit),
  };
  await withSessions(options, async (manager) => {
    const format = options.json ? jsonFormat() : tableFormat();
    for await (const page of pagesOf(manager, selection)) if (!(await printWhole(format.page(page)))) return;
    await printWhole(format.end());
  });
}

/** Text that is made of pages. */
interface Format {
  page(sessions: readonly FullAuthSession[]): string;
  end(): string;
}

/** One array, with a session in each line. It is not closed if something fails on the way. */
function jsonFormat(): Format {
  let isBegun = false;
  return {
    page(sessions) {
      const lines = sessions.map((session) => `  ${visibleJson(JSON.stringify(session))}`).join(',\n');
      const text = `${isBegun ? ',' : '['}\n${lines}`;
      isBegun = true;
      return text;
    },
    end: () => (isBegun ? '\n]\n' : '[]\n'),
  };
}

const HEADER = ['ID', 'USER', 'ADDRESS', 'CREATED', 'LAST USED'];

/** Its columns are as wide as the first page needs. */
function tableFormat(): Format {
  let widths: readonly number[] | undefined;
  const page = (sessions: readonly FullAuthSession[]) => {
    const cells = sessions.map(cellsOf);
    const rows = widths === undefined ? [HEADER, ...cells] : cells;
    widths ??= columnWidths(rows);
    const fitting = widths;
    return rows.map((cells) => `${row(cells, fitting)}\n`).join('');
  };
  return { page, end: () => (widths === undefined ? page([]) : '') };
}

function cellsOf(session: FullAuthSession): string[] {
  return [
    String(session.session_id),
    printable(session.user, 255),
    printable(session.ip_address, 255),
    session.created?.toISOString() ?? '',
    session.last_accessed?.toISOString() ?? '',
  ];
}

function limitOf(text: string): number {
  const limit = Number(text);
  if (Number.isSafeInteger(limit) && limit > 0) return limit;
  throw new ConfigurationError('--limit must be a positive whole number.');
}
