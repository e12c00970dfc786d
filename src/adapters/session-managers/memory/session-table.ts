import type { Secret } from '../../../model/secret.js';
import { FullAuthSession } from '../../../model/session.js';
import type { SessionRequest } from '../../ports.js';
import { IdIndex } from './id-index.js';
import { RowRing } from './row-ring.js';
import { SecretIndex } from './secret-index.js';
import { LINK, NUMBER, SessionRows } from './session-rows.js';
import { UserIndex } from './user-index.js';

/**
 * The sessions in memory, and every order in which they are asked for: by the hash of the secret, by id, by user, by
 * age and by last use. It knows nothing of time-outs and limits. A row is a number; 0 is no row.
 */
export class SessionTable {
  readonly #rows = new SessionRows();
  readonly #secrets = new SecretIndex(this.#rows);
  readonly #ids = new IdIndex();
  readonly #users = new UserIndex(this.#rows);
  readonly #usage = new RowRing(this.#rows, LINK.laterUsed, LINK.earlierUsed);
  #leastRecentlyUsed = 0;
  readonly #hash = new Int32Array(8);
  readonly #hashBytes = new Uint8Array(this.#hash.buffer);

  /** `now` must not be earlier than any time that was given before. */
  insert(request: SessionRequest, hash: Uint8Array, now: number): number {
    const row = this.#rows.allocate();
    this.#rows.setTexts(row, request.user, request.ipAddress);
    this.#rows.setHash(row, this.#wordsOf(hash));
    this.#rows.setNumber(row, NUMBER.created, now);
    this.#rows.setNumber(row, NUMBER.lastAccessed, now);
    this.#rows.setNumber(row, NUMBER.id, this.#ids.add(row));
    this.#secrets.add(row);
    this.#users.add(row);
    this.#leastRecentlyUsed = this.#usage.append(this.#leastRecentlyUsed, row);
    return row;
  }

  delete(row: number): void {
    this.#leastRecentlyUsed = this.#usage.remove(this.#leastRecentlyUsed, row);
    this.#users.remove(row);
    this.#secrets.remove(row);
    this.#ids.remove(this.id(row));
    this.#rows.free(row);
  }

  /** Marks as used at `now`, which must not be earlier than any time that was given before. */
  touch(row: number, now: number): void {
    this.#rows.setNumber(row, NUMBER.lastAccessed, now);
    this.#leastRecentlyUsed = this.#usage.remove(this.#leastRecentlyUsed, row);
    this.#leastRecentlyUsed = this.#usage.append(this.#leastRecentlyUsed, row);
  }

  /** Gives the session a new secret and address. */
  rekey(row: number, hash: Uint8Array, ipAddress: string): void {
    this.#secrets.remove(row);
    this.#rows.setHash(row, this.#wordsOf(hash));
    this.#secrets.add(row);
    this.#rows.setTexts(row, this.#rows.user(row), ipAddress);
  }

  findByHash(hash: Uint8Array): number {
    return this.#secrets.find(this.#wordsOf(hash));
  }

  findById(id: number): number {
    return this.#ids.find(id);
  }

  /** The row with the lowest id greater than `id`, which is the one that was created first of all those. */
  nextById(id: number): number {
    return this.#ids.next(id);
  }

  /** The rows of a user in ascending order of id. None may be deleted meanwhile. */
  rowsOf(user: string): Generator<number, void> {
    return this.#users.rowsOf(user);
  }

  get leastRecentlyUsed(): number {
    return this.#leastRecentlyUsed;
  }

  id(row: number): number {
    return this.#rows.number(row, NUMBER.id);
  }

  created(row: number): number {
    return this.#rows.number(row, NUMBER.created);
  }

  lastAccessed(row: number): number {
    return this.#rows.number(row, NUMBER.lastAccessed);
  }

  /** The session in a row. Its secret must be given by who knows it: only its hash is here. */
  read(row: number, secret?: Secret): FullAuthSession {
    return new FullAuthSession({
      session_id: this.id(row),
      session_secret: secret,
      created: new Date(this.created(row)),
      last_accessed: new Date(this.lastAccessed(row)),
      ip_address: this.#rows.address(row),
      user: this.#rows.user(row),
    });
  }

  #wordsOf(hash: Uint8Array): Int32Array {
    this.#hashBytes.set(hash);
    return this.#hash;
  }
}
