import { FONT_SIZES } from './graph-texts.js';

/** A colour in the light and in the dark scheme. */
type Colour = readonly [light: string, dark: string];

interface Rule {
  readonly selector: string;
  readonly fill?: Colour | 'none';
  readonly stroke?: Colour;
  readonly rest?: string;
}

const INK: Colour = ['#1b2333', '#e8edf6'];
const SOFT: Colour = ['#56617a', '#a4b0c4'];
const LINE: Colour = ['#8a94a6', '#76839a'];
const DEADLINE: Colour = ['#9a5800', '#f0b45a'];
const FAULT: Colour = ['#b3261e', '#ff8f85'];
const SUCCESS: Colour = ['#1f7a3f', '#4cbf76'];
const CANVAS: Colour = ['#ffffff', '#10151f'];

const RULES: readonly Rule[] = [
  { selector: '.canvas', fill: CANVAS },
  { selector: 'text', fill: INK },
  { selector: '.name', rest: `font-size:${FONT_SIZES.name}px;font-weight:600` },
  { selector: '.actor', fill: SOFT, rest: `font-size:${FONT_SIZES.actor}px` },
  { selector: '.trigger', fill: SOFT, rest: `font-size:${FONT_SIZES.trigger}px` },
  { selector: '.deadline text,text.deadline', fill: DEADLINE, rest: `font-size:${FONT_SIZES.deadline}px` },
  { selector: '.clock', fill: 'none', stroke: DEADLINE, rest: 'stroke-width:1.3;stroke-linecap:round' },
  { selector: '.box', fill: ['#f3f6fb', '#1c2535'], stroke: ['#b4bfd1', '#4a5872'], rest: 'stroke-width:1.2' },
  { selector: '.compound .box,.parallel .box', fill: CANVAS },
  { selector: '.parallel .box', rest: 'stroke-dasharray:7 4' },
  {
    selector: '.any .box',
    fill: ['#f0eefb', '#252045'],
    stroke: ['#7a6fd0', '#9b90f0'],
    rest: 'stroke-dasharray:5 3',
  },
  { selector: '.success .box', fill: ['#e3f5e8', '#12321f'], stroke: SUCCESS },
  { selector: '.denial .box', fill: ['#fdf1d8', '#38290a'], stroke: ['#b07b00', '#d9a33a'] },
  { selector: '.fault .box', fill: ['#fde8e6', '#3d1a18'], stroke: ['#c7473d', '#e06c62'] },
  { selector: '.state .inner', fill: 'none' },
  { selector: '.line', fill: 'none', stroke: LINE, rest: 'stroke-width:1.4;stroke-linejoin:round' },
  { selector: '.main .line', stroke: SUCCESS, rest: 'stroke-width:2.2' },
  { selector: '.deadline .line', stroke: DEADLINE, rest: 'stroke-dasharray:6 4' },
  { selector: '.failure .line', stroke: FAULT },
  { selector: '.head-usual', fill: LINE },
  { selector: '.head-main', fill: SUCCESS },
  { selector: '.head-deadline', fill: DEADLINE },
  { selector: '.head-failure', fill: FAULT },
  { selector: '.dot', fill: INK },
  { selector: '.plate', fill: CANVAS },
  { selector: '.main .trigger', fill: SUCCESS, rest: 'font-weight:600' },
  { selector: '.failure .trigger', fill: FAULT },
];

const FONT = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif';

/**
 * The style of a drawing in the light scheme and, for who prefers it, in the dark one. Without custom properties, which
 * programs other than browsers do not know.
 *
 * @param scope - the class of the `svg` element, so that it styles nothing else of a page that it is put into
 */
export function svgStyle(scope: string): string {
  const rules = (scheme: 0 | 1) =>
    RULES.map(({ selector, fill, stroke, rest }) => {
      const declarations = [
        ...(fill === undefined ? [] : [`fill:${fill === 'none' ? fill : fill[scheme]}`]),
        ...(stroke === undefined ? [] : [`stroke:${stroke[scheme]}`]),
        ...(rest === undefined || scheme === 1 ? [] : [rest]),
      ];
      const scoped = selector.split(',').map((part) => `.${scope} ${part}`);
      return declarations.length === 0 ? '' : `${scoped.join(',')}{${declarations.join(';')}}\n`;
    }).join('');
  return `.${scope}{font-family:${FONT}}\n${rules(0)}@media (prefers-color-scheme:dark){\n${rules(1)}}`;
}
