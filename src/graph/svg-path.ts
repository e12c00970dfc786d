import type { Point } from './laid-out-graph.js';

const RADIUS = 7;

/** The `d` of a path along points, with its corners rounded. */
export function svgPath(points: readonly Point[]): string {
  return points
    .map((point, index) => {
      const before = points[index - 1];
      const after = points[index + 1];
      if (before === undefined) return `M${point.x} ${point.y}`;
      if (after === undefined) return `L${point.x} ${point.y}`;
      const from = towards(point, before);
      const to = towards(point, after);
      return `L${from.x} ${from.y}Q${point.x} ${point.y} ${to.x} ${to.y}`;
    })
    .join('');
}

function towards(corner: Point, end: Point): Point {
  const length = Math.hypot(end.x - corner.x, end.y - corner.y);
  const share = length === 0 ? 0 : Math.min(RADIUS, length / 2) / length;
  const between = (from: number, to: number) => Math.round((from + (to - from) * share) * 10) / 10;
  return { x: between(corner.x, end.x), y: between(corner.y, end.y) };
}
