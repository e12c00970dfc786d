/** What the statements of the databases differ in. Everything else about them is the same. */
export interface SqlDialect {
  /** The table, as it is named in a statement. */
  readonly table: string;
  /** Holds for the sessions of the user `:user`. */
  readonly isOfUser: string;
  /** Holds for sessions that were last used at `:usedSince` or before, in the terms of an index. */
  readonly isIdle: string;
  /** The column of that index. */
  readonly byLastUse: string;
  /** Follows a query whose rows nobody else shall take, and which shall not wait for those that somebody has taken. */
  readonly skipTaken: string;
}
