// Small pictures of the data sets. They only hint at the shape; the points come from the server.

import { svg } from "./dom.js";
import { classColour, css, signed } from "./colours.js";

const turn = (t, phase) => [0.5 + 0.42 * t * Math.cos(5 * t + phase), 0.5 + 0.42 * t * Math.sin(5 * t + phase)];
const along = (n, place) => Array.from({ length: n }, (_, i) => place((i + 0.5) / n, i));

const SHAPES = {
  spiral: () => [0, 1, 2].flatMap((k) => along(9, (t) => [...turn(0.15 + 0.85 * t, (k * 2 * Math.PI) / 3), k])),
  moons: () => [
    ...along(9, (t) => [0.12 + 0.26 * (1 - Math.cos(Math.PI * t)), 0.58 - 0.38 * Math.sin(Math.PI * t), 0]),
    ...along(9, (t) => [0.36 + 0.26 * (1 - Math.cos(Math.PI * t)), 0.42 + 0.38 * Math.sin(Math.PI * t), 1]),
  ],
  circles: () => [0.42, 0.18].flatMap((r, k) => along(k ? 7 : 14, (t) =>
    [0.5 + r * Math.cos(2 * Math.PI * t), 0.5 + r * Math.sin(2 * Math.PI * t), k])),
  xor: () => along(16, (_, i) => {
    const [a, b] = [i % 4, i >> 2];
    return [0.15 + 0.233 * a, 0.15 + 0.233 * b, Number(a < 2) ^ Number(b < 2)];
  }),
  gaussians: () => [[0.3, 0.3], [0.7, 0.35], [0.5, 0.75]].flatMap(([x, y], k) =>
    along(6, (t, i) => [x + 0.13 * Math.sin(2.4 * i), y + 0.13 * Math.cos(2.4 * i), k])),
};

const VALUES = {
  plane: (x, y) => x - y,
  waves: (x, y) => Math.sin(7 * x) * Math.cos(6 * y),
};

/** The icon of a catalogue entry: points, a field of values, or a table. */
export function icon(entry) {
  const marks = [];
  if (SHAPES[entry.name]) {
    for (const [x, y, k] of SHAPES[entry.name]()) {
      marks.push(svg("circle", { cx: 40 * x, cy: 40 * y, r: 2.4, fill: css(classColour(k)) }));
    }
  } else if (entry.kind === "plane-values") {
    const value = VALUES[entry.name] ?? VALUES.waves;
    for (let i = 0; i < 36; i++) {
      const [a, b] = [i % 6, Math.floor(i / 6)];
      const colour = css(signed(value(a / 5, b / 5)));
      marks.push(svg("rect", { x: 2 + 6 * a, y: 2 + 6 * b, width: 6, height: 6, fill: colour }));
    }
  } else {
    for (let row = 0; row < 4; row++) {
      for (let column = 0; column < 3; column++) {
        marks.push(svg("rect", {
          x: 4 + 11 * column, y: 5 + 8 * row, width: 10, height: 7,
          fill: row ? css(classColour((row + column) % 2 ? 4 : 0), 0.35) : css(classColour(7)),
        }));
      }
    }
  }
  return svg("svg", { viewBox: "0 0 40 40", width: 40, height: 40, "aria-hidden": "true" }, marks);
}
