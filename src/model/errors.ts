import type { PathStep } from './backend-path.js';

/** Options of every error of this package. */
export interface SessionInitErrorOptions {
  /** What led to it. For the operator; it never reaches a client. */
  cause?: unknown;
  /** Which backends said what before it, if several were asked. */
  path?: readonly PathStep[] | undefined;
}

/** The base of every error that this package throws. `code` is stable; the message says what happened and what to do. */
export class SessionInitError extends Error {
  readonly code: string;
  /** Which backends said what before it, if several were asked. */
  declare readonly path?: readonly PathStep[];

  constructor(code: string, message: string, options: SessionInitErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = new.target.name;
    this.code = code;
    if (options.path !== undefined) this.path = options.path;
  }
}

/** A backend failed: it threw, it answered garbage, or it could not be reached. `code`: `backend_fault`. */
export class BackendFaultError extends SessionInitError {
  constructor(message: string, options?: SessionInitErrorOptions) {
    super('backend_fault', message, options);
  }
}

/**
 * A backend has more work than it can take on. An authenticator, authorizer or session manager throws it to have the
 * init refused with `OTHER`, code `overloaded` and a retry hint. `code`: `overloaded`.
 */
export class OverloadedError extends SessionInitError {
  /** Whole seconds after which another attempt makes sense. */
  readonly retryAfter: number;

  constructor(message: string, options: SessionInitErrorOptions & { retryAfter?: number } = {}) {
    super('overloaded', message, options);
    this.retryAfter = options.retryAfter ?? 1;
  }
}

/** A call did not finish within its deadline. `code`: `deadline_exceeded`. */
export class DeadlineExceededError extends SessionInitError {
  constructor(message: string, options?: SessionInitErrorOptions) {
    super('deadline_exceeded', message, options);
  }
}

/** A defect of the program, not of a backend: a part that was never provided, a state that cannot be. `code`: `defect`. */
export class DefectError extends SessionInitError {
  constructor(message: string, options?: SessionInitErrorOptions) {
    super('defect', message, options);
  }
}

/** A part was used after its `close()`. `code`: `closed`. */
export class ClosedError extends SessionInitError {
  constructor(what: string, options?: SessionInitErrorOptions) {
    super('closed', `${what} is closed and takes no more calls.`, options);
  }
}

/** Options or a configuration that cannot work. `code`: `invalid_configuration`. */
export class ConfigurationError extends SessionInitError {
  /** Every problem that was found, one sentence each, with its path. */
  readonly problems: readonly string[];

  constructor(message: string, options: SessionInitErrorOptions & { problems?: readonly string[] } = {}) {
    super('invalid_configuration', message, options);
    this.problems = options.problems ?? [message];
  }
}

/** An optional package that a chosen feature needs is not installed. `code`: `missing_package`. */
export class MissingPackageError extends SessionInitError {
  constructor(packageName: string, neededBy: string, options?: SessionInitErrorOptions) {
    super('missing_package', `${neededBy} needs the package ${packageName}: npm install ${packageName}`, options);
  }
}
