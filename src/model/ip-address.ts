const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
/** The characters of an IPv6 address, and a zone index of printable ASCII but `%` and `/`. */
const IPV6 = /^([\da-f:.]{2,45})(%[!-$&-.0-~]{1,63})?$/i;

/**
 * The canonical text of an IP address: IPv6 compressed and in lower case as in RFC 5952, IPv4 within IPv6 in hex
 * (`::ffff:a00:106`), a zone index (`%eth0`) kept.
 *
 * @returns undefined if `text` is not a valid IPv4 or IPv6 address
 */
export function normalizeIpAddress(text: string): string | undefined {
  if (IPV4.test(text)) return text;
  const match = IPV6.exec(text);
  if (match === null) return undefined;
  const [, address, zone = ''] = match;
  // The platform's own IPv6 parser, in Node and in the browser alike (WHATWG URL Standard).
  const url = `http://[${address}]/`;
  return URL.canParse(url) ? new URL(url).hostname.slice(1, -1) + zone : undefined;
}
