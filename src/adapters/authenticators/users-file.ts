import { createHmac, randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { type Clock, systemClock } from '../../model/clock.js';
import { BackendFaultError, ConfigurationError, type SessionInitError } from '../../model/errors.js';
import { secretBytes } from '../password-hashes/hash-password.js';
import { defaultConcurrency, hashingQueue } from '../password-hashes/hashing-queue.js';
import type { HashScheme, SecretHash } from '../password-hashes/secret-hash.js';
import { verifyInTurn } from '../password-hashes/verify-in-turn.js';
import { loadSchemes } from '../password-hashes/verify-secret.js';
import type { AuthenticationOutcome, Authenticator, CallOptions, Credentials } from '../ports.js';
import { pollFile } from '../users-file/polled-file.js';
import type { UserEntries } from '../users-file/user-entry.js';
import { looksUnfinished, parseUsersFile, type UsersFileFormat } from '../users-file/users-file-content.js';
import type { WholeFile } from '../users-file/whole-file.js';

export { hashPassword } from '../password-hashes/hash-password.js';
export type { HashScheme, SecretHash } from '../password-hashes/secret-hash.js';
export {
  type ReadUsersFileOptions,
  readUsersFile,
  type WriteUsersFileOptions,
  writeUsersFile,
} from '../users-file/edit-users-file.js';
export { usersFileSchema } from '../users-file/json-format.js';
export type { UserEntries, UserEntry } from '../users-file/user-entry.js';
export type { UsersFileContent, UsersFileFormat } from '../users-file/users-file-content.js';

/** Options of {@link usersFileAuthenticator}. What a callback throws is ignored. */
export interface UsersFileAuthenticatorOptions {
  /** The file. A relative path starts from the working directory. */
  path: string;
  /** How the file is written; `auto` takes what begins with `{` for JSON. @defaultValue `'auto'` */
  format?: UsersFileFormat | 'auto';
  /** Milliseconds between two looks at the file, from 20. @defaultValue 500 */
  pollInterval?: number;
  /**
   * How many secrets are verified at once. argon2id and bcrypt take a thread of libuv's pool each, of which there are
   * four unless `UV_THREADPOOL_SIZE` says otherwise, and which files and DNS need too.
   *
   * @defaultValue one more than there are cores, and 3 at most
   */
  maxConcurrentVerifications?: number;
  /**
   * How many more may wait, before an init is refused as `overloaded`. One that would have to wait for more than 4 s, which
   * is within the default deadline of the authentication, is refused as well.
   *
   * @defaultValue 200
   */
  maxQueuedVerifications?: number;
  /** How the log and compositions call it. @defaultValue `'users-file'` */
  name?: string;
  /** @defaultValue the system's clock */
  clock?: Clock;
  /** Is told of every content that is taken, the first included. */
  onReload?: (loaded: UsersFileLoaded) => void;
  /** Is told once of a file that cannot be taken; the last good content stays in force. */
  onReloadError?: (error: SessionInitError) => void;
  /** Is told of a user who has proved a secret whose hash is weaker than argon2id at OWASP's parameters; once a load. */
  onWeakHash?: (weak: { user: string; scheme: HashScheme }) => void;
}

/** What was taken from a users file. */
export interface UsersFileLoaded {
  /** How many users there are. */
  users: number;
  /** How many of them have a hash that is weaker than argon2id at OWASP's parameters. */
  weakHashes: number;
  /** Whether more than its owner may read or write the file: its mode had better be 0600. Always false on Windows. */
  exposed: boolean;
}

/** An authenticator whose users are in a file. */
export interface UsersFileAuthenticator extends Authenticator {
  /**
   * Resolves as the file is loaded, so that a service can refuse to start without it.
   *
   * @throws ConfigurationError with all problems, if the file cannot be read or is not valid
   * @throws MissingPackageError if the package that verifies one of its hashes is not installed
   */
  ready(): Promise<void>;
  /** Stops looking at the file. */
  close(): Promise<void>;
}

/** So many polls a file that looks unfinished must stay the same to be judged as it is. */
const PATIENT_POLLS = 6;

/**
 * Authenticates against the hashes in a file, JSON or htpasswd. The file is loaded at once and again as it changes: a
 * change is taken if two polls have seen the same file, it does not change while it is read, and it is valid as a whole.
 * One that looks unfinished (it is empty, JSON without its last brace, htpasswd without its last line break) must stay
 * the same for six polls. Else the last good content stays in force.
 *
 * Secrets are verified as bytes of UTF-8, whole: bcrypt's silent cut after 72 bytes is a denial. An unknown user costs
 * a verification of the hash of some user, the same for the same name, so that the times of unknown and known users
 * have one distribution even if the file mixes schemes. A disabled user who gives the right secret is denied as
 * `disabled`. Until the file has been loaded for the first time, `authenticate` rejects with a `BackendFaultError`.
 *
 * @throws ConfigurationError if an option cannot work
 *
 * @example
 * ```ts
 * import { usersFileAuthenticator } from 'session-init/adapters/users-file';
 *
 * const authenticator = usersFileAuthenticator({ path: 'users.json' });
 * await authenticator.ready();
 * ```
 */
export function usersFileAuthenticator(options: UsersFileAuthenticatorOptions): UsersFileAuthenticator {
  const { format = 'auto', clock = systemClock, onReload, onReloadError, onWeakHash } = options;
  const { pollInterval, concurrency, maxQueued } = checkOptions(options);
  const path = resolve(options.path);
  const hashInTurn = hashingQueue({ concurrency, maxQueued, clock });
  const decoyKey = randomBytes(16);
  let loaded: Loaded | undefined;
  let failure: unknown;

  const file = pollFile({
    path,
    pollInterval,
    clock,
    async take(file, steadyPolls) {
      if (file.text === loaded?.text) return true;
      if (steadyPolls < PATIENT_POLLS && looksUnfinished(file.text, format)) return false;
      const next = await load(path, file, format);
      loaded = next;
      tell(onReload, describe(next, file.mode));
      return true;
    },
    fail(error) {
      failure = error;
      tell(onReloadError, error as SessionInitError);
    },
  });

  /** The hash of one of the users, by a lot that nobody can foresee. Undefined only if there are no users. */
  function decoyFor(username: string, hashes: readonly SecretHash[]): SecretHash | undefined {
    const lot = createHmac('sha256', decoyKey).update(username).digest().readUInt32LE();
    return hashes[lot % hashes.length];
  }

  function notLoaded(): BackendFaultError {
    return new BackendFaultError(`The users file ${path} has not been loaded.`, { cause: failure });
  }

  async function authenticate({ username, secret }: Credentials, caller: CallOptions): Promise<AuthenticationOutcome> {
    await file.firstReading;
    if (loaded === undefined) throw notLoaded();
    const { users, hashes, reportedAsWeak } = loaded;
    const user = users.get(username);
    const bytes = secretBytes(secret);
    const hash = user?.hash ?? decoyFor(username, hashes);
    const matches = bytes !== undefined && hash !== undefined && (await verifyInTurn(hashInTurn, hash, bytes, caller));
    if (user === undefined) return { outcome: 'denied', cause: 'unknownUser' };
    if (!matches) return { outcome: 'denied', cause: 'wrongSecret' };
    if (user.disabled) return { outcome: 'denied', cause: 'disabled' };
    if (user.hash.weak && !reportedAsWeak.has(username)) {
      reportedAsWeak.add(username);
      tell(onWeakHash, { user: username, scheme: user.hash.scheme });
    }
    return { outcome: 'authenticated', user: username, groups: user.groups };
  }

  return {
    name: options.name ?? 'users-file',
    authenticate,
    async ready() {
      await file.firstReading;
      if (loaded === undefined) throw failure ?? notLoaded();
    },
    async close() {
      file.close();
    },
  };
}

/** A content that is in force, and what belongs to it. */
interface Loaded {
  readonly text: string;
  readonly users: UserEntries;
  readonly hashes: readonly SecretHash[];
  readonly reportedAsWeak: Set<string>;
}

async function load(path: string, { text }: WholeFile, format: UsersFileFormat | 'auto'): Promise<Loaded> {
  const { users } = parseUsersFile(path, text, format);
  const hashes = [...users.values()].map(({ hash }) => hash);
  await loadSchemes(new Set(hashes.map(({ scheme }) => scheme)));
  return { text, users, hashes, reportedAsWeak: new Set() };
}

function describe({ hashes }: Loaded, mode: number): UsersFileLoaded {
  return {
    users: hashes.length,
    weakHashes: hashes.filter(({ weak }) => weak).length,
    exposed: process.platform !== 'win32' && (mode & 0o077) !== 0,
  };
}

function checkOptions(options: UsersFileAuthenticatorOptions) {
  const {
    pollInterval = 500,
    maxConcurrentVerifications: concurrency = defaultConcurrency(),
    maxQueuedVerifications: maxQueued = 200,
  } = options;
  const problems = [
    typeof options.path === 'string' && options.path !== '' ? '' : 'path must name a file.',
    ['auto', 'json', 'htpasswd', undefined].includes(options.format) ? '' : 'format must be auto, json or htpasswd.',
    isInteger(pollInterval, 20) ? '' : 'pollInterval must be an integer of at least 20 milliseconds.',
    isInteger(concurrency, 1) ? '' : 'maxConcurrentVerifications must be a positive integer.',
    isInteger(maxQueued, 0) ? '' : 'maxQueuedVerifications must be 0 or a positive integer.',
  ].filter((problem) => problem !== '');
  if (problems.length === 0) return { pollInterval, concurrency, maxQueued };
  throw new ConfigurationError(`usersFileAuthenticator cannot work: ${problems.join(' ')}`, { problems });
}

function isInteger(value: number, least: number): boolean {
  return Number.isSafeInteger(value) && value >= least;
}

function tell<Value>(callback: ((value: Value) => void) | undefined, value: Value): void {
  try {
    callback?.(value);
  } catch {
    // A listener is not part of the authentication, and must not make it fail.
  }
}
