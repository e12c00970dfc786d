import type { JsonObject } from '../../../model/json.js';
import type { CallOptions } from '../../ports.js';

/** What the query has found. */
export interface FoundUser {
  /** One of the rows, if there are any. */
  readonly row: JsonObject | undefined;
  /** Whether there is another row. */
  readonly isAmbiguous: boolean;
  /** The names of the columns, unless they are not known. */
  readonly columns: readonly string[] | undefined;
}

/** A new hash in the place of an old one. */
export interface HashChange {
  readonly username: string;
  readonly from: string;
  readonly to: string;
}

/** The database with the users. */
export interface UserTable {
  find(username: string, options: CallOptions): Promise<FoundUser>;
  /** Runs the upgrade. @throws BackendFaultError if it would change more than one row; it is undone then */
  changeHash(change: HashChange, options: CallOptions): Promise<void>;
  close(): Promise<void>;
}
