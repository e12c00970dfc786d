import { type GraphEdge, reactionsOf } from './graph-edges.js';
import type { LaidOutText } from './laid-out-graph.js';
import type { GraphState, GraphTransition } from './machine-graph.js';
import { textWidth } from './measure-text.js';
import { reactionText, triggerText } from './transition-text.js';

/** The sizes of the text in a drawing, in pixels. */
export const FONT_SIZES = { name: 14, actor: 12, trigger: 12, deadline: 12 } as const;

/** The room for a clock, left of a deadline's text. */
export const CLOCK_ROOM = 14;

const LINE_HEIGHT = 16;
const PADDING = { x: 14, y: 9 };
/** How far a baseline is above the lower end of its line. */
const DESCENT = 4;

/** Lines of text, with their places in the room that they need. */
export interface Texts {
  readonly width: number;
  readonly height: number;
  readonly lines: readonly LaidOutText[];
}

/** The inside of a state's box: its name, the actors that it invokes, and what happens in it without leaving it. */
export function boxTexts(state: GraphState, name: string): Texts {
  const reactions = reactionsOf(state);
  const head: Line[] = [
    { text: name, role: 'name' },
    ...state.invokes.map(({ id, src }): Line => ({ text: id === src ? src : `${src} (${id})`, role: 'actor' })),
  ];
  const body = reactions.map((it): Line => ({ text: reactionText(it, state), role: roleOf(it) }));
  const width = Math.max(...[...head, ...body].map((line) => widthOf(line, line.role === 'name'))) + 2 * PADDING.x;
  // Centred they are as good as it gets for a box of a few words; a list reads better from the left.
  const place = body.length === 0 && state.states.length === 0 ? centred(width) : fromLeft(PADDING.x);
  const gap = body.length === 0 ? 0 : 6;
  const lines = [
    ...head.map((line, index) => place(line, PADDING.y + (index + 1) * LINE_HEIGHT)),
    ...body.map((line, index) => place(line, PADDING.y + gap + (head.length + index + 1) * LINE_HEIGHT)),
  ];
  return { width, height: 2 * PADDING.y + gap + lines.length * LINE_HEIGHT, lines };
}

/**
 * The label of an arrow: what sets its transitions off, each on a line. None if there is nothing to say.
 *
 * @param isBold - whether it will be drawn in bold type
 */
export function labelTexts({ source, transitions }: GraphEdge, isBold: boolean): Texts | undefined {
  const texts = transitions.map((it): Line => ({ text: triggerText(it, source), role: roleOf(it) }));
  const lines = texts.filter(({ text }) => text !== '');
  if (lines.length === 0) return undefined;
  const place = fromLeft(LABEL_PADDING);
  return {
    width: Math.max(...lines.map((line) => widthOf(line, isBold))) + 2 * LABEL_PADDING,
    height: lines.length * LINE_HEIGHT + 2 * LABEL_PADDING,
    lines: lines.map((line, index) => place(line, LABEL_PADDING + (index + 1) * LINE_HEIGHT)),
  };
}

const LABEL_PADDING = 4;

type Line = Pick<LaidOutText, 'text' | 'role'>;

function roleOf({ kind }: GraphTransition): LaidOutText['role'] {
  return kind === 'after' ? 'deadline' : 'trigger';
}

function widthOf({ text, role }: Line, isBold: boolean): number {
  return textWidth(text, FONT_SIZES[role], isBold) + (role === 'deadline' ? CLOCK_ROOM : 0);
}

function fromLeft(left: number): (line: Line, bottom: number) => LaidOutText {
  return ({ text, role }, bottom) => ({
    ...{ text, role, anchor: 'start', y: bottom - DESCENT },
    x: left + (role === 'deadline' ? CLOCK_ROOM : 0),
  });
}

function centred(width: number): (line: Line, bottom: number) => LaidOutText {
  return ({ text, role }, bottom) => ({ text, role, anchor: 'middle', x: width / 2, y: bottom - DESCENT });
}
