import { BackendFaultError } from '../../../model/errors.js';
import { describeType, isJsonObject, type JsonObject, own } from '../../../model/json.js';
import { recogniseHash, type SecretHash } from '../../password-hashes/secret-hash.js';
import type { Identity } from '../../ports.js';
import { type ColumnFault, readExpiry } from './expiry.js';

/** What the database knows of a user. */
export interface StoredUser {
  readonly identity: Identity;
  /** Undefined for a user who has no secret. */
  readonly hash: SecretHash | undefined;
  readonly disabled: boolean;
  /** In milliseconds since 1970; infinite if never. */
  readonly expiresAt: number;
}

/** What the query's columns are read with. */
export interface ColumnOptions {
  /** The authenticator, for messages. */
  readonly name: string;
  readonly claims: readonly string[];
}

/** What a row is read with. */
export interface RowOptions extends ColumnOptions {
  readonly username: string;
}

/**
 * Reads a row of the query. A value that could mean more than one thing is a fault, so that nobody is let in by a guess.
 *
 * @throws BackendFaultError if a column holds what it must not
 */
export function readUser(row: JsonObject, options: RowOptions): StoredUser {
  const { name, username } = options;
  const fault = (problem: string) => new BackendFaultError(`${name} cannot use what the query found: ${problem}`);
  const groups = Object.hasOwn(row, 'groups') ? readGroups(row['groups'], fault) : undefined;
  const claims = readClaims(row, options, fault);
  return {
    identity: {
      user: Object.hasOwn(row, 'user') ? readName(row['user'], fault) : username,
      ...(groups && { groups }),
      ...(claims && { claims }),
    },
    hash: readHash(row['secret_hash'], fault),
    disabled: readDisabled(own(row, 'disabled'), fault),
    expiresAt: readExpiry(own(row, 'expires_at'), fault),
  };
}

const COLUMNS = ['secret_hash', 'user', 'groups', 'disabled', 'expires_at'];

/**
 * Makes the check of the columns' names. Those that were right the last time are not looked at again.
 *
 * @returns a function that throws a BackendFaultError if a column is not there that must be, is not known, or is there twice,
 *   of which one would win
 */
export function columnsCheck(options: ColumnOptions): (columns: readonly string[]) => void {
  let sound: readonly string[] = [];
  return (columns) => {
    if (columns.length === sound.length && columns.every((column, index) => column === sound[index])) return;
    requireColumns(columns, options);
    sound = columns;
  };
}

function requireColumns(columns: readonly string[], { name, claims }: ColumnOptions): void {
  const missing = ['secret_hash', ...claims].find((column) => !columns.includes(column));
  if (missing !== undefined) {
    throw new BackendFaultError(
      `${name} needs a column ${missing}, and the query has ${columns.join(', ')}. Name one so, with AS.`,
    );
  }
  // SQLite calls a second one `disabled:1`.
  const names = columns.map((column) => column.replace(/:\d+$/, ''));
  const twice = [...COLUMNS, ...claims].find((column) => names.indexOf(column) !== names.lastIndexOf(column));
  if (twice !== undefined) {
    throw new BackendFaultError(`${name} has the column ${twice} twice in its query. Select it from one table alone.`);
  }
  const other = columns.find((column) => !COLUMNS.includes(column) && !claims.includes(column));
  if (other === undefined) return;
  throw new BackendFaultError(
    `${name} has the column ${other} in its query, and does not know it: a misspelt disabled would let somebody in. ` +
      `There are: ${COLUMNS.join(', ')}. Leave it out, or name it in claims.`,
  );
}

function readHash(value: unknown, fault: ColumnFault): SecretHash | undefined {
  if (value === null) return undefined;
  if (typeof value !== 'string') throw fault(`secret_hash is ${describeType(value)}. Cast it to text.`);
  const hash = recogniseHash(value);
  if ('problem' in hash) throw fault(`secret_hash ${hash.problem}`);
  return hash;
}

function readName(value: unknown, fault: ColumnFault): string {
  if (typeof value === 'string' && value !== '' && value.isWellFormed()) return value;
  if (Number.isSafeInteger(value)) return String(value);
  throw fault(
    `user is ${value === '' ? 'empty' : describeType(value)}. It must be a text or an integer that is exact.`,
  );
}

function readDisabled(value: unknown, fault: ColumnFault): boolean {
  if (value === null || value === undefined || value === false || value === 0) return false;
  if (value === true || value === 1) return true;
  throw fault(`disabled is ${describeType(value)} that is neither 0 nor 1. Make it a boolean.`);
}

function readGroups(value: unknown, fault: ColumnFault): readonly string[] {
  if (value === null) return [];
  const groups = typeof value === 'string' ? groupsInText(value, fault) : value;
  // An aggregate over an outer join has a NULL where there is nothing.
  const names = Array.isArray(groups) ? groups.filter((group) => group !== null) : undefined;
  if (names?.every((group): group is string => typeof group === 'string' && group !== '')) return names;
  throw fault(
    'groups holds something else than names of groups. Make it an array of text, JSON, or a text with commas.',
  );
}

function groupsInText(text: string, fault: ColumnFault): unknown {
  // So PostgreSQL writes arrays of types that it was not told to cast.
  if (text.startsWith('{')) throw fault('groups is an array of another type. Cast it to text[].');
  if (!text.startsWith('['))
    return text
      .split(',')
      .map((group) => group.trim())
      .filter((group) => group !== '');
  try {
    return JSON.parse(text);
  } catch {
    throw fault('groups begins with a bracket and is not JSON.');
  }
}

function readClaims(row: JsonObject, { claims }: RowOptions, fault: ColumnFault): Identity['claims'] {
  if (claims.length === 0) return undefined;
  const found = claims.map((column) => [column, own(row, column)] as const).filter(([, value]) => value !== null);
  const unfit = found.find(([, value]) => !isClaim(value));
  if (unfit === undefined) return Object.fromEntries(found);
  throw fault(`${unfit[0]} holds bytes, or a number that is not exact, and shall be a claim. Cast it to text.`);
}

function isClaim(value: unknown): boolean {
  if (typeof value === 'number') return !Number.isInteger(value) || Number.isSafeInteger(value);
  return typeof value === 'string' || typeof value === 'boolean' || Array.isArray(value) || isPlain(value);
}

function isPlain(value: unknown): boolean {
  return isJsonObject(value) && Object.getPrototypeOf(value) === Object.prototype;
}
