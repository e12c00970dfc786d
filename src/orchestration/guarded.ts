/**
 * Calls a function of the embedding service; what that throws is reported, and harms no init. So is what it rejects with:
 * an async function may stand where nothing is waited for.
 */
export function guarded<Args extends unknown[]>(call: (...args: Args) => unknown, report: (cause: unknown) => void) {
  return (...args: Args): void => {
    try {
      const result = call(...args);
      if (result instanceof Promise) result.catch(report);
    } catch (cause) {
      report(cause);
    }
  };
}
