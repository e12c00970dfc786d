import type { JsonObject } from '../../../model/json.js';
import type { CallOptions } from '../../ports.js';

/** What the query has found. */
export interface FoundRows {
  /** Two at most. */
  readonly rows: readonly JsonObject[];
  /** The names of the columns, if they are known without a row. */
  readonly columns?: readonly string[];
}

/** A new hash in the place of an old one. */
export interface HashChange {
  readonly username: string;
  readonly from: string;
  readonly to: string;
}

/** The database with the users. */
export interface UserTable {
  find(username: string, options: CallOptions): Promise<FoundRows>;
  /** Runs the upgrade. @throws BackendFaultError if it would change more than one row; it is undone then */
  changeHash(change: HashChange, options: CallOptions): Promise<void>;
  close(): Promise<void>;
}
