import { BlockList, isIP, isIPv4 } from 'node:net';
import { normalizeIpAddress } from '../../model/ip-address.js';

const MAPPED = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/;
const WITH_PORT = /^(?:\[([^\]]+)\]|(\d+\.\d+\.\d+\.\d+))(?::\d+)?$/;

/** An address in canonical form; IPv4 that is mapped into IPv6, as a dual-stack socket shows it, as that IPv4 address. */
export function canonicalAddress(text: string): string | undefined {
  const address = normalizeIpAddress(text);
  const mapped = address === undefined ? null : MAPPED.exec(address);
  if (mapped === null) return address;
  const bits = Number.parseInt(mapped[1] as string, 16) * 0x1_0000 + Number.parseInt(mapped[2] as string, 16);
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 0xff).join('.');
}

/** Whether only this machine can reach `host`: 127.0.0.0/8, `::1`, or the name `localhost`. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost') return true;
  const address = canonicalAddress(host);
  return address !== undefined && (isIPv4(address) ? address.startsWith('127.') : address === '::1');
}

/** Proxies by address, each of which says truly for whom it asks. */
export class TrustedProxies {
  readonly #list = new BlockList();

  /** @returns what is wrong with the entries: each must be an IP address, or a range such as `10.0.0.0/8` */
  add(entries: readonly string[]): string[] {
    return entries.flatMap((entry) => {
      const [address = '', prefix] = entry.split('/', 2);
      const family = isIPv4(address) ? 'ipv4' : 'ipv6';
      const bits = family === 'ipv4' ? 32 : 128;
      const length = prefix === undefined ? bits : Number(prefix);
      if (isIP(address) === 0 || !/^\d*$/.test(prefix ?? '') || prefix === '' || length > bits) {
        return [`trustedProxies: ${JSON.stringify(entry)} is neither an IP address nor a range such as 10.0.0.0/8.`];
      }
      this.#list.addSubnet(address, length, family);
      return [];
    });
  }

  #has(address: string): boolean {
    return this.#list.check(address.split('%', 1)[0] as string, isIPv4(address) ? 'ipv4' : 'ipv6');
  }

  /**
   * The address of the client. Anybody can send an X-Forwarded-For, so it is read only as far as trusted proxies have
   * written it: from the right, up to the first address that is none of theirs.
   *
   * @param remote - the address at the other end of the socket
   */
  clientAddress(remote: string | undefined, forwardedFor: string | undefined): string | undefined {
    let address = canonicalAddress(remote ?? '');
    const hops = (forwardedFor ?? '').split(',').reverse();
    for (const hop of hops) {
      if (address === undefined || !this.#has(address)) break;
      const before = canonicalAddress(withoutPort(hop.trim()));
      if (before === undefined) break;
      address = before;
    }
    return address;
  }
}

/** Some proxies write the port as well: `192.0.2.1:443`, `[2001:db8::1]:443`. */
function withoutPort(hop: string): string {
  const match = WITH_PORT.exec(hop);
  return match?.[1] ?? match?.[2] ?? hop;
}
