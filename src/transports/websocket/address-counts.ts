import { addressKey } from '../../model/address-key.js';

/** How many connections each address has. */
export class AddressCounts {
  readonly #counts = new Map<string, number>();

  of(ipAddress: string): number {
    return this.#counts.get(addressKey(ipAddress)) ?? 0;
  }

  add(ipAddress: string): void {
    this.#counts.set(addressKey(ipAddress), this.of(ipAddress) + 1);
  }

  remove(ipAddress: string): void {
    const left = this.of(ipAddress) - 1;
    if (left > 0) this.#counts.set(addressKey(ipAddress), left);
    else this.#counts.delete(addressKey(ipAddress));
  }
}
