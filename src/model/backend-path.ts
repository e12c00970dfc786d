/** What one backend said on the way to an outcome that several had a part in. For the operator: clients never see it. */
export interface PathStep {
  /** The name of the backend. */
  backend: string;
  /** `failed`: it was at fault, and said neither yes nor no. */
  outcome: 'authenticated' | 'denied' | 'failed';
  /** A denial's cause, or the code of the error: `wrongSecret`, `backend_fault`. */
  cause?: string | undefined;
  /** How long it took. */
  milliseconds: number;
  /** The way within, if the backend is itself made of several. */
  path?: readonly PathStep[] | undefined;
}

/**
 * Whether a backend on the way turned a guess down. It may have, although the whole ended otherwise: another backend was at
 * fault. That nobody knew the user is no guess at a secret.
 */
export function showsGuess(path: readonly PathStep[]): boolean {
  return path.some(({ outcome, cause, path: within }) =>
    within === undefined ? outcome === 'denied' && cause !== 'unknownUser' : showsGuess(within),
  );
}
