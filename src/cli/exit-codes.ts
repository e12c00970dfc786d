/** What the command says to the shell when it ends. Scripts rely on these. */
export const EXIT = {
  /** A session, or whatever was asked for. */
  done: 0,
  /** Refused, not found, or failed. */
  refused: 1,
  /** The command line, the configuration or an installed package is not as it must be. */
  usage: 2,
  /** No server, or no answer in time. */
  noAnswer: 3,
} as const;

export const EXIT_CODES_HELP = `
Exit codes:
  0  a session, or done
  1  refused, not found, or failed
  2  the command line, the configuration or the installation is not as it must be
  3  no server, or no answer in time`;
