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

  allows(origin: string | undefined, host: string | undefined): boolean {
    if (origin === undefined || this.#allowed?.has('*')) return true;
    const page = readOrigin(origin);
    if (page === undefined) return false;
    if (this.#allowed !== undefined) return this.#allowed.has(page);
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
