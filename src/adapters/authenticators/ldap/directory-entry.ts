import type { Entry } from 'ldapts';
import { BackendFaultError } from '../../../model/errors.js';

/** An entry of a directory, with the attributes that were asked for. */
export class DirectoryEntry {
  readonly dn: string;
  readonly #attributes = new Map<string, Entry[string]>();

  constructor({ dn, ...attributes }: Entry) {
    this.dn = dn;
    for (const [name, values] of Object.entries(attributes)) this.#attributes.set(name.toLowerCase(), values);
  }

  /**
   * The values of an attribute, by its name in any letter case. What is no text is left out.
   *
   * @throws BackendFaultError if the server has given only a part of them: whoever decides by them would decide wrongly
   */
  valuesOf(attribute: string): readonly string[] {
    const name = attribute.toLowerCase();
    for (const given of this.#attributes.keys()) {
      if (given.startsWith(`${name};range=`)) {
        throw new BackendFaultError(
          `The entry ${this.dn} has more values of ${attribute} than the server gives at once.`,
        );
      }
    }
    const values = this.#attributes.get(name) ?? [];
    return (Array.isArray(values) ? values : [values]).filter((value) => typeof value === 'string');
  }
}
