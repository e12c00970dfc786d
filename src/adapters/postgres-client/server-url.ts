import type { Secret } from '../../model/secret.js';
import type { PostgresqlServerOptions } from './server-options.js';

/** What {@link PostgresqlServerOptions} has, but in a URL. */
export interface PostgresqlUrlOptions extends Omit<PostgresqlServerOptions, UrlPart> {
  /**
   * Where the server is, as `postgres://user:password@host:port/database`, with what is special in a URL percent-encoded.
   * Port and password may be left out, and may be given beside it. It has no parameters: those have options of their own.
   */
  url: Secret | string;
}

type UrlPart = 'host' | 'database' | 'user';

const PROBLEM = 'url must be postgres://user:password@host:port/database, and have nothing else in it.';

/** Takes the URL apart. @returns what is wrong, without a word of what stands in it */
export function withoutUrl(
  options: PostgresqlUrlOptions | PostgresqlServerOptions,
): { server: PostgresqlServerOptions } | { problem: string } {
  if (!('url' in options) || options.url === undefined) return { server: options as PostgresqlServerOptions };
  const { url, ...others } = options;
  const text = typeof url === 'string' ? url : url.reveal();
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  if (parsed === undefined || !/^postgres(ql)?:$/.test(parsed.protocol)) return { problem: PROBLEM };
  if (parsed.search !== '' || parsed.hash !== '') return { problem: PROBLEM };
  try {
    const parts = {
      host: parsed.hostname.replace(/^\[(.*)\]$/, '$1'),
      database: decodeURIComponent(parsed.pathname.slice(1)),
      user: decodeURIComponent(parsed.username),
      ...(parsed.port !== '' && { port: Number(parsed.port) }),
      ...(parsed.password !== '' && { password: decodeURIComponent(parsed.password) }),
    };
    const twice = Object.keys(parts).find((part) => Object.hasOwn(others, part));
    return twice === undefined ? { server: { ...others, ...parts } } : { problem: `${twice} is in url already.` };
  } catch {
    return { problem: PROBLEM };
  }
}
