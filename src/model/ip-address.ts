const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
const IPV6_CHARACTERS = /^[\da-f:.]{2,45}$/i;

/**
 * The canonical text of an IP address: IPv6 compressed and in lower case as in RFC 5952, a zone index (`%eth0`) kept.
 *
 * @returns undefined if `text` is not a valid IPv4 or IPv6 address
 */
export function normalizeIpAddress(text: string): string | undefined {
  if (IPV4.test(text)) return text;
  const percent = text.indexOf('%');
  const address = percent < 0 ? text : text.slice(0, percent);
  const zone = percent < 0 ? '' : text.slice(percent);
  if (zone === '%' || zone.length > 64 || zone.includes('%', 1)) return undefined;
  if (!IPV6_CHARACTERS.test(address)) return undefined;
  // The platform's own IPv6 parser, in Node and in the browser alike (WHATWG URL Standard).
  const url = `http://[${address}]/`;
  return URL.canParse(url) ? new URL(url).hostname.slice(1, -1) + zone : undefined;
}
