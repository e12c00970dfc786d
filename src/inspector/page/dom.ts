const SVG = 'http://www.w3.org/2000/svg';

/** Attributes; a function is a listener, `undefined` and `false` leave the attribute out. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined | ((event: never) => void)>>;

/** What an element holds. Text is text: nothing that comes from outside is ever parsed as markup. */
export type Content = Node | string | undefined | false;

/** Makes an HTML element. */
export function html<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...content: readonly Content[]
): HTMLElementTagNameMap[Name] {
  return filled(document.createElement(name), attributes, content);
}

/** Makes an SVG element. */
export function svg<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...content: readonly Content[]
): SVGElementTagNameMap[Name] {
  return filled(document.createElementNS(SVG, name), attributes, content);
}

/** Puts other content in the place of what an element holds. */
export function fill(element: Element, ...content: readonly Content[]): void {
  element.replaceChildren(...content.filter((it) => it !== undefined && it !== false));
}

function filled<Made extends Element>(element: Made, attributes: Attributes, content: readonly Content[]): Made {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value as (event: Event) => void);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...content.filter((it) => it !== undefined && it !== false));
  return element;
}
