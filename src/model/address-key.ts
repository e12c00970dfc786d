/**
 * The key under which a client address counts: IPv4 whole, IPv6 by its first 64 bits, which is what one customer gets
 * (RFC 6177). An IPv4 address mapped into IPv6 counts as that IPv4 address.
 *
 * @param ipAddress - in canonical form, as `normalizeIpAddress` gives it
 */
export function addressKey(ipAddress: string): string {
  if (!ipAddress.includes(':')) return ipAddress;
  const groups = expand(ipAddress.split('%', 1)[0] as string);
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isMapped)
    return groups
      .slice(6)
      .flatMap((group) => [group >> 8, group & 0xff])
      .join('.');
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}

function expand(address: string): number[] {
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail ? tail.split(':') : [];
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  return [...left, ...Array<string>(zeros).fill('0'), ...right].map((group) => Number.parseInt(group, 16));
}
