import { readFileSync } from 'node:fs';
import { root } from './package-exports.js';

/** Where the repository keeps its copy of each part of the seed. */
export const SEED_COPIES = {
  'SessionInitResponse.md': `${root}docs/seed/SessionInitResponse.md`,
  'decode-examples.json': `${root}test/fixtures/decode-examples.json`,
} as const;

/** One observed decoding: what arrives, and what must come out. */
export interface DecodeExample {
  id: string;
  input: unknown;
  expect: { success: boolean; data_type: string; data: Record<string, unknown> };
}

export function readDecodeExamples(): DecodeExample[] {
  return JSON.parse(readFileSync(SEED_COPIES['decode-examples.json'], 'utf8')).cases;
}

/** What the seed's document says about one value: its heading, and every row of every table below it. */
export interface SeedSection {
  anchor: string;
  heading: string;
  title: string | undefined;
  description: string | undefined;
  /** The rows of the main table: Type, Required, Default, Format, Additional properties, Defined in. */
  facts: Record<string, string>;
  /** The rows of the table of restrictions. */
  restrictions: Record<string, string>;
  values: string[];
  anyOf: string[];
}

/** Reads the sections of the seed's document in its order; the first one, of the response itself, has no anchor. */
export function readSeedSections(): SeedSection[] {
  const document = readFileSync(SEED_COPIES['SessionInitResponse.md'], 'utf8');
  const [head = '', ...rest] = document.split('<a name="');
  const sections = rest.map((part) => {
    const [anchor = '', text = ''] = part.split(/"><\/a>(.*)/s);
    return readSection(anchor, text);
  });
  return [readSection('', head), ...sections];
}

function readSection(anchor: string, text: string): SeedSection {
  const [heading = '', ...lines] = text.split('\n');
  const body = lines.join('\n');
  const [, table = ''] = /^\|\s+\|\s+\|\n((?:\|.*\n)+)/m.exec(body) ?? [];
  const [, restrictions = ''] = /^\| Restrictions .*\n((?:\|.*\n)+)/m.exec(body) ?? [];
  const [, options = ''] = /^\| Any of\(Option\) .*\n((?:\|.*\n)+)/m.exec(body) ?? [];
  const [, values = ''] = /^Must be one of:\n((?:\* .*\n)+)/m.exec(body) ?? [];
  return {
    anchor,
    heading: heading.replace(/<.*/, '').trim(),
    title: /^\*\*Title:\*\* (.*)$/m.exec(body)?.[1],
    description: /^\*\*Description:\*\* (.*?)\n\n(?:<\/?(?:details|blockquote)>|\||Must be one of)/ms.exec(body)?.[1],
    facts: readRows(table),
    restrictions: readRows(restrictions),
    values: [...values.matchAll(/^\* (.*)$/gm)].map(([, value = '']) => value),
    anyOf: [...options.matchAll(/^\| (\[.*\]\(.*\)) +\|$/gm)].map(([, option = '']) => option),
  };
}

/** The rows `| **Name** | value |`, without the markup of code. */
function readRows(table: string): Record<string, string> {
  const rows = [...table.matchAll(/^\| \*\*(.+?)\*\* +\| (.*?) *\|$/gm)];
  return Object.fromEntries(rows.map(([, name = '', value = '']) => [name, value.replace(/^`(.*)`$/, '$1')]));
}
