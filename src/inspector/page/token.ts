const KEY = 'session-init inspector token';

/**
 * The token from the address, which is taken out of the address at once: what is behind the `#` goes to nobody, but it
 * would stay in the history. It is kept for this tab, so that a reload finds it.
 */
export function takeToken(): string | undefined {
  const token = tokenIn(location.hash);
  if (token !== undefined) {
    history.replaceState(null, '', location.pathname);
    keepToken(token);
  }
  return token ?? sessionStorage.getItem(KEY) ?? undefined;
}

export function keepToken(token: string): void {
  sessionStorage.setItem(KEY, token);
}

export function forgetToken(): void {
  sessionStorage.removeItem(KEY);
}

/** The token in an address, or in what somebody has pasted. */
export function tokenIn(text: string): string | undefined {
  return /(?:^|[#&])token=([\w.~-]+)/.exec(text)?.[1] ?? /^\s*([\w.~-]{32,})\s*$/.exec(text)?.[1];
}
