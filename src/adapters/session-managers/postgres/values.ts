/** How the values of the table are read, by their OIDs: its `bigint`s are exact as numbers. */
const PARSERS = new Map<number, (text: string) => unknown>([
  [16, (text) => text === 't'],
  [17, (text) => Buffer.from(text.slice(2), 'hex')],
  [20, Number],
  [23, Number],
]);

const asText = (text: string): string => text;

export const VALUES: import('pg').Types = { getTypeParser: (oid) => PARSERS.get(oid) ?? asText };
