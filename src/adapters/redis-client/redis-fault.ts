import { BackendFaultError, SessionInitError } from '../../model/errors.js';
import type { Secret } from '../../model/secret.js';
import { connectionRemedies } from '../connection-remedies.js';
import type { RedisServer } from './server-options.js';

/** What a server says by the first word of its answer, and what to do. */
const REFUSALS: Readonly<Record<string, string>> = {
  OOM: 'it is full: maxmemory is reached. Give it more memory, or more servers',
  MISCONF: 'it cannot save its data, and refuses to change any: its disk is full or broken. See its log',
  NOAUTH: 'it asks for a password. Give one',
  WRONGPASS: 'it refuses the account or its password. Check username and password',
  NOPERM: 'the account may not do what is needed. The documentation of this adapter has the rules for its ACL',
  LOADING: 'it is still reading its data',
  READONLY: 'it is a replica, and takes no changes',
  MASTERDOWN: 'it is a replica whose master is down',
  NOREPLICAS: 'it has fewer replicas than it must have to take changes',
  CLUSTERDOWN: 'the cluster is down, or the part of it that was asked',
  BUSY: 'it is busy with a script of somebody else',
  NOPROTO: 'it is no Redis of version 7 or later',
};

/** What the client says of a command that was sent on to other servers of a cluster too often, with what was said last. */
const SENT_ON = /^Too many Cluster redirections\. Last error: \w+: (.+)$/s;

const IS_ELSEWHERE = /^(?:TRYAGAIN|ASK|MOVED) /;

const OTHER_SCHEME = 'Is it TLS that the server speaks there (rediss://), or not (redis://)?';

/** Of Sentinels, and of servers by which a cluster is found, the package keeps to itself what was wrong. */
const UNTOLD =
  'Do all of them run, and speak TLS (rediss://) or not (redis://) as their URLs say? Is their certificate signed by a CA ' +
  'in ca? Do they take the account, and know the name?';

/** What to do, by the code of Node's error. */
const REMEDIES: Readonly<Record<string, string>> = {
  ...connectionRemedies('the URL'),
  ERR_TLS_CERT_ALTNAME_INVALID:
    "The server's certificate is for another host name. Use that name in the URL, or give it in servername.",
  ECONNRESET: OTHER_SCHEME,
  EPROTO: OTHER_SCHEME,
  ERR_SSL_WRONG_VERSION_NUMBER: OTHER_SCHEME,
  UNTOLD,
  ETIMEDOUT: `Does a firewall drop what is sent? ${OTHER_SCHEME}`,
};

/**
 * What went wrong with Redis, as an error of this package. Errors of the client hold the whole command, and some servers
 * repeat what they did not understand: nothing of that is kept.
 *
 * @param unreachable - what was last wrong with the connection
 */
export function redisFault(cause: unknown, unreachable: Error | undefined, password: Secret | undefined): Error {
  if (cause instanceof SessionInitError) return cause;
  const said = cause instanceof Error ? saidLast(cause) : new Error('it threw something that is no error');
  if (isConnectionFault(said)) return unreachableFault(unreachable ?? new Error('the connection was lost'), password);
  if (isUntold(said)) return unreachableFault(said, password);
  return new BackendFaultError(`Redis failed: ${plain(said, password)}.`);
}

/** @param why - what was last wrong with the connection */
export function unreachableFault(why: Error, password: Secret | undefined): BackendFaultError {
  if (isUntold(why)) {
    return new BackendFaultError(`Redis cannot be reached: no Sentinel has told where it is. ${UNTOLD}`);
  }
  const remedy = REMEDIES[String((why as NodeJS.ErrnoException).code)];
  return new BackendFaultError([`Redis cannot be reached: ${plain(why, password)}.`, remedy ?? ''].join(' ').trimEnd());
}

/** What is wrong where there was no connection in time, and nothing else is known. */
export function noConnection({ kind, timeout }: RedisServer): Error {
  const code = kind === 'single' ? 'ETIMEDOUT' : 'UNTOLD';
  return Object.assign(new Error(`there was no connection within ${timeout} ms`), { code });
}

/** Whether the server has said that it did not do what it was told. */
export function isRefusal(cause: unknown): boolean {
  return cause instanceof Error && cause.name === 'ReplyError';
}

/** Whether it is not known if the server has heard a command. */
export function isConnectionFault({ name, message }: Error): boolean {
  return (
    name === 'MaxRetriesPerRequestError' ||
    name === 'AbortError' ||
    name === 'ClusterAllFailedError' ||
    message === 'Connection is closed.' ||
    message.startsWith('Socket timeout')
  );
}

/** Whether no Sentinel has told where the server is. */
function isUntold({ message }: Error): boolean {
  return message.startsWith('All sentinels are unreachable');
}

function saidLast(error: Error): Error {
  const [, said] = SENT_ON.exec(error.message) ?? [];
  if (said === undefined) return error;
  const isOnItsWay = IS_ELSEWHERE.test(said);
  return new Error(isOnItsWay ? 'its slot moves to another server of the cluster. Try again when it is there' : said);
}

function plain(error: Error, password: Secret | undefined): string {
  const refusal = REFUSALS[firstWord(error.message)];
  if (refusal !== undefined) return refusal;
  const { errors } = error as AggregateError;
  const message = error.message || errors?.map(({ message }) => message).join(', ') || error.name;
  // What a server did not understand, it repeats.
  const [shown = ''] = message.split(', with args beginning with', 1);
  return password === undefined ? shown : shown.replaceAll(password.reveal(), '…');
}

/** Of what a script is refused, the word for it is missing. */
function firstWord(message: string): string {
  if (message.startsWith('ERR The user executing the script')) return 'NOPERM';
  const [word = ''] = message.split(' ', 1);
  return word;
}
