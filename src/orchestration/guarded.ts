/** Calls a function of the embedding service; what that throws is reported, and harms no init. */
export function guarded<Args extends unknown[]>(call: (...args: Args) => void, report: (cause: unknown) => void) {
  return (...args: Args): void => {
    try {
      call(...args);
    } catch (cause) {
      report(cause);
    }
  };
}
