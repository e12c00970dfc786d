import type { Entry } from 'ldapts';
import { BackendFaultError } from '../../../model/errors.js';

/** An entry of a directory, with the attributes that were asked for. */
export class DirectoryEntry {
  readonly #entry: Entry;

  constructor(entry: Entry) {
    this.#entry = entry;
  }

  get dn(): string {
    return this.#entry.dn;
  }

  /**
   * The values of an attribute, by its name in any letter case. What is no text is left out.
   *
   * @throws BackendFaultError if the server has given only a part of them: whoever decides by them would decide wrongly
   */
  valuesOf(attribute: string): readonly string[] {
    const values = this.#find(attribute);
    return typeof values === 'string' ? [values] : [values].flat().filter((value) => typeof value === 'string');
  }

  #find(attribute: string): Entry[string] {
    const asWritten = Object.hasOwn(this.#entry, attribute) ? this.#entry[attribute] : undefined;
    if (asWritten !== undefined && asWritten.length > 0) return asWritten;
    const name = attribute.toLowerCase();
    for (const [given, values] of Object.entries(this.#entry)) {
      const lower = given.toLowerCase();
      if (lower === name && values.length > 0) return values;
      if (lower.startsWith(`${name};range=`)) {
        throw new BackendFaultError(`The entry ${this.dn} has more values of ${attribute} than are given at once.`);
      }
    }
    return [];
  }
}
