import { BackendFaultError } from '../../../model/errors.js';
import type { Secret } from '../../../model/secret.js';
import type { Call } from './call.js';
import type { BindAnswer, Connection, Query } from './connection.js';
import { ConnectionPool, type PoolOptions } from './connection-pool.js';
import type { DirectoryEntry } from './directory-entry.js';

/** Looks for entries. */
export type Search = (query: Query) => Promise<readonly DirectoryEntry[]>;

/** How a directory is asked. */
export interface DirectoryOptions extends PoolOptions {
  readonly serviceAccount: { readonly dn: string; readonly password: Secret } | undefined;
  /** For how many milliseconds a service account that was refused is not tried again. */
  readonly restAfterRefusal: number;
}

/** A directory, on however many servers. */
export interface Directory {
  /** Searches as the service account, or as nobody; once more, on another server, if one fails. */
  search(call: Call, query: Query): Promise<readonly DirectoryEntry[]>;
  /**
   * Binds once, on one server: a guess is never counted twice.
   *
   * @param then - is given the answer, and can search as the one who was bound
   */
  bind<Result>(
    call: Call,
    dn: string,
    secret: Secret,
    then: (answer: BindAnswer, search: Search) => Result | Promise<Result>,
  ): Promise<Result>;
  close(): void;
}

/**
 * A directory with two pools of connections: those that search stay bound as the service account, those that verify
 * secrets are bound anew for each user. So an init costs a search and a bind, and no bind of the service account.
 */
export function openDirectory(options: DirectoryOptions): Directory {
  const { name, clock, serviceAccount, restAfterRefusal } = options;
  let refusal: { readonly until: number; readonly error: BackendFaultError } | undefined;

  /** An account that is tried again and again with a password that is wrong gets locked. */
  async function bindServiceAccount(connection: Connection): Promise<void> {
    if (serviceAccount === undefined) return;
    if (refusal !== undefined && clock.monotonic() < refusal.until) throw refusal.error;
    const { code, cause } = await connection.bind(serviceAccount.dn, serviceAccount.password.reveal());
    refusal = undefined;
    if (code === 0) return;
    const error = new BackendFaultError(
      `${name} cannot search: the directory refused its service account with result ${code}. Check bindDn and bindPassword.`,
      { cause },
    );
    refusal = { until: clock.monotonic() + restAfterRefusal, error };
    throw error;
  }

  const searching = new ConnectionPool(options, bindServiceAccount);
  const binding = new ConnectionPool(options, async () => {});

  return {
    search: (call, query) => searching.use(call, true, (connection) => connection.search(query)),

    bind: (call, dn, secret, then) =>
      binding.use(call, false, async (connection) =>
        then(await connection.bind(dn, secret.reveal()), (query) => connection.search(query)),
      ),

    close() {
      searching.close();
      binding.close();
    },
  };
}
