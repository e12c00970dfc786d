import type { FailureCode, FailureReason } from './failure-reason.js';

/** The properties of a {@link FailedSessionInitInfo}. What is absent stays absent. */
export interface FailedSessionInitInfoProperties {
  user: string;
  /** @defaultValue `'UNKNOWN'` */
  reason?: FailureReason | undefined;
  fail_time?: Date | undefined;
  details?: string | undefined;
  code?: FailureCode | (string & {}) | undefined;
  reference_id?: string | undefined;
  retry_after?: number | undefined;
}

/**
 * Why an init failed (seed, section 4.3). `code`, `reference_id` and `retry_after` are additional properties, which
 * the seed allows.
 */
export class FailedSessionInitInfo {
  /** The asserted user; empty if there was none. */
  readonly user: string;
  readonly reason: FailureReason;
  declare readonly fail_time?: Date;
  /** A generic sentence, fit for the client. */
  declare readonly details?: string;
  /** A stable cause, finer than `reason`: see {@link FAILURE_CODES}. Another server may send codes of its own. */
  declare readonly code?: FailureCode | (string & {});
  /** The id under which the operator's log holds the full cause. */
  declare readonly reference_id?: string;
  /** Whole seconds after which another attempt makes sense. */
  declare readonly retry_after?: number;

  constructor(properties: FailedSessionInitInfoProperties) {
    this.user = properties.user;
    this.reason = properties.reason ?? 'UNKNOWN';
    if (properties.fail_time !== undefined) this.fail_time = properties.fail_time;
    if (properties.details !== undefined) this.details = properties.details;
    if (properties.code !== undefined) this.code = properties.code;
    if (properties.reference_id !== undefined) this.reference_id = properties.reference_id;
    if (properties.retry_after !== undefined) this.retry_after = properties.retry_after;
  }
}
