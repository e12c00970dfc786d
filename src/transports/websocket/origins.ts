/** The names of this machine that nobody can make lead elsewhere, as a URL has them. */
const LOCAL_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Which pages may connect. A browser sends the origin of the page; any other client can send what it likes, or none. */
export class Origins {
  readonly #allowed: ReadonlySet<string> | undefined;

  /** @param allowed - undefined for the server's own; `*` among them for all */
  constructor(allowed: readonly string[] | undefined) {
    this.#allowed = allowed && new Set(allowed.map((entry) => readOrigin(entry) ?? entry));
  }

  /** @returns what is wrong with the entries */
  static problemsOf(allowed: readonly string[]): string[] {
    return allowed
      .filter((entry) => entry !== '*' && readOrigin(entry) === undefined)
      .map((entry) => `origins: ${JSON.stringify(entry)} is no origin such as https://app.example.org.`);
  }

  /**
   * @param isLocal - whether the client is on this machine. A page may have made a name of its own lead here (DNS
   * rebinding), so that by default only pages of a name that always leads here are let in.
   */
  allows(origin: string | undefined, host: string | undefined, isLocal: boolean): boolean {
    if (origin === undefined || this.#allowed?.has('*')) return true;
    const page = readOrigin(origin);
    if (page === undefined) return false;
    if (this.#allowed !== undefined) return this.#allowed.has(page);
    if (isLocal && !LOCAL_NAMES.has(new URL(page).hostname)) return false;
    // The scheme is the page's own, since a proxy may have ended TLS before us; it tells which port is the usual one.
    return readOrigin(`${new URL(page).protocol}//${host}`) === page;
  }
}

/** An origin in canonical form; undefined if it is none, which `null`, the origin of a sandboxed page, is too. */
function readOrigin(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { origin, pathname, search, hash, username, password } = new URL(text);
  const isBare = pathname === '/' && `${search}${hash}${username}${password}` === '';
  return isBare && origin !== 'null' ? origin : undefined;
}
