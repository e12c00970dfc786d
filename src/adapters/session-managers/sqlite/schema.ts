/** What marks a file as a session database: the letters `sini`. */
export const APPLICATION_ID = 0x73696e69;
/** The schema that this version writes. A file with a later one is of a later version of this package. */
export const SCHEMA_VERSION = 1;

/**
 * A user name is kept as the bytes of its UTF-8: as text, the drivers cut it at a NUL. Times are in milliseconds since
 * the epoch. Ids are never used again (AUTOINCREMENT), and stay exact as a JavaScript number. Liveness is computed from
 * the times at every look-up, so that changed time-outs hold for the sessions that are there already.
 */
export const CREATE_SCHEMA = `
  CREATE TABLE session (
    id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id BETWEEN 1 AND ${Number.MAX_SAFE_INTEGER}),
    secret_hash BLOB NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
    user BLOB NOT NULL,
    ip_address TEXT NOT NULL,
    created INTEGER NOT NULL,
    last_accessed INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX session_user ON session (user);
  CREATE INDEX session_created ON session (created);
  CREATE INDEX session_last_accessed ON session (last_accessed);
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`;
