import { types } from 'node:util';

/** Whether something is an error, also one of another realm, as Node's own are inside of a `vm` context. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}

/** An error with a stable code: of the system (`EADDRINUSE`), of a driver, or of this package. */
export function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return isError(error) && 'code' in error && typeof error.code === 'string';
}
