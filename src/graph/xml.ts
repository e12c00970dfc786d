import { writable } from './writable-text.js';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text, as it stands in an XML element or attribute. */
export function escapeXml(text: string): string {
  return writable(text).replace(/[&<>"']/g, (character) => ENTITIES[character] as string);
}
