import { BackendFaultError } from '../../../model/errors.js';
import type { DenialCause } from '../../ports.js';
import type { BindAnswer } from './connection.js';
import type { DirectoryEntry } from './directory-entry.js';

/** What says in an entry, in some directories, that its account may not be used. */
export const STATE_ATTRIBUTES = ['pwdAccountLockedTime', 'nsAccountLock'];

/** The errors of draft-behera-ldap-password-policy that a bind can meet. */
const POLICY_ERRORS: Readonly<Record<number, DenialCause>> = {
  0: 'passwordExpired',
  1: 'locked',
  2: 'passwordMustChange',
};

/** What Active Directory, and Samba, write into the text of result 49, in hex. */
const ACTIVE_DIRECTORY: Readonly<Record<string, DenialCause>> = {
  '525': 'unknownUser',
  '52e': 'wrongSecret',
  '530': 'notPermittedNow',
  '531': 'notPermittedHere',
  '532': 'passwordExpired',
  '533': 'disabled',
  '568': 'tooManyGroups',
  '701': 'expired',
  '773': 'passwordMustChange',
  '775': 'locked',
};

const SUCCESS = 0;
const NO_SUCH_OBJECT = 32;
const INVALID_DN = 34;
const INVALID_CREDENTIALS = 49;
const UNWILLING = 53;

const REMEDIES: Readonly<Record<number, string>> = {
  8: 'Use ldaps:// or startTls.',
  10: 'It refers to another server, which is not followed. Give one in url that holds the users.',
  13: 'Use ldaps:// or startTls.',
};

/**
 * What the answer to a user's bind means: undefined is a yes.
 *
 * @throws BackendFaultError if it says nothing about the user's secret
 */
export function denialOf(name: string, answer: BindAnswer, entry?: DirectoryEntry): DenialCause | undefined {
  const { code, policyError = -1, cause } = answer;
  const state = POLICY_ERRORS[policyError];
  // A password that must be changed lets its user bind, and do nothing else.
  if (state !== undefined) return state;
  if (code === SUCCESS) return undefined;
  if (code === INVALID_CREDENTIALS) return reasonIn(cause) ?? (isLocked(entry) ? 'locked' : 'wrongSecret');
  if (code === NO_SUCH_OBJECT || code === INVALID_DN) return 'unknownUser';
  if (code === UNWILLING && isDisabled(entry)) return 'disabled';
  const remedy = REMEDIES[code] ?? 'See what the server logs about it.';
  throw new BackendFaultError(`${name} got result ${code} for the bind of a user, which is no answer. ${remedy}`, {
    cause,
  });
}

function reasonIn(cause: Error | undefined): DenialCause | undefined {
  const [, reason = ''] = /AcceptSecurityContext error, data ([\da-f]+)/i.exec(cause?.message ?? '') ?? [];
  return ACTIVE_DIRECTORY[reason.toLowerCase()];
}

/** OpenLDAP, unless it is told to, does not say that an account is locked. */
function isLocked(entry: DirectoryEntry | undefined): boolean {
  return entry !== undefined && entry.valuesOf('pwdAccountLockedTime').length > 0;
}

/** 389 Directory Server is unwilling to bind an account that was inactivated. */
function isDisabled(entry: DirectoryEntry | undefined): boolean {
  return entry?.valuesOf('nsAccountLock')[0]?.toLowerCase() === 'true';
}
