// Colours that stay apart for colour-blind eyes: Okabe and Ito's for classes, orange to blue for signed values.

import { isDark } from "./theme.js";

const CLASSES = [
  [0, 114, 178], [230, 159, 0], [0, 158, 115], [204, 121, 167], [86, 180, 233],
  [213, 94, 0], [240, 228, 66], [128, 128, 128], [90, 60, 20], [120, 80, 200],
];
const SHAPES = ["circle", "square", "triangle", "diamond", "cross", "down", "bar", "plus", "star", "dash"];

/** Classes whose colour would sink into a dark page. */
const LIGHTER = { 8: [176, 128, 80], 9: [165, 135, 240] };

export const classColour = (index) => (isDark() && LIGHTER[index % CLASSES.length]) || CLASSES[index % CLASSES.length];
export const classShape = (index) => SHAPES[index % SHAPES.length];
export const css = ([r, g, b], alpha = 1) => `rgba(${r | 0},${g | 0},${b | 0},${alpha})`;
export const mix = (a, b, t) => [0, 1, 2].map((i) => a[i] + (b[i] - a[i]) * t);

/** The colour of nothing: zero, or no confidence at all. */
export const neutral = () => (isDark() ? [32, 36, 42] : [247, 247, 247]);
export const ink = () => (isDark() ? [232, 234, 237] : [28, 32, 38]);

const NEGATIVE = [[253, 184, 99], [230, 97, 1]]; // pale, full orange
const POSITIVE = [[110, 170, 220], [0, 90, 160]];

/** The colour of t in [-1, 1]: orange below 0, blue above; the larger, the further from the page: dark on light, bright on dark. */
export function signed(t) {
  const size = Math.min(Math.abs(t), 1);
  const [pale, full] = t < 0 ? NEGATIVE : POSITIVE;
  const [middle, end] = isDark() ? [full, pale] : [pale, full];
  return size < 0.5 ? mix(neutral(), middle, 2 * size) : mix(middle, end, 2 * size - 1);
}

/** A line's colour: never so pale that it vanishes. */
export const signedLine = (t) => signed(Math.sign(t) * (0.45 + 0.55 * Math.min(Math.abs(t), 1)));

let table = null;
let tableDark = null;

/** 256 packed pixels (as a Uint32Array), entry 128 is zero. */
export function signedTable() {
  if (!table || tableDark !== isDark()) {
    table = new Uint32Array(256);
    tableDark = isDark();
    for (let i = 0; i < 256; i++) table[i] = packed(signed((i - 128) / 127));
  }
  return table;
}

/** A colour as one little-endian RGBA pixel. */
export const packed = ([r, g, b]) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;

/** Draw the mark of a class: filled for training points, an outline for test points. */
export function mark(context, shape, x, y, r, colour, filled, edge = isDark() ? "#000" : "#fff") {
  context.beginPath();
  if (shape === "circle") context.arc(x, y, r, 0, 2 * Math.PI);
  else if (shape === "square") context.rect(x - r * 0.85, y - r * 0.85, r * 1.7, r * 1.7);
  else if (shape === "bar") context.rect(x - r * 0.5, y - r * 1.1, r, r * 2.2);
  else if (shape === "dash") context.rect(x - r * 1.1, y - r * 0.5, r * 2.2, r);
  else polygon(context, shape, x, y, r * 1.15);
  context.lineWidth = filled ? 0.8 : 1.6;
  if (filled) {
    context.fillStyle = css(colour);
    context.fill();
    context.strokeStyle = edge;
  } else {
    context.fillStyle = isDark() ? "#16191d" : "#fff";
    context.fill();
    context.strokeStyle = css(isDark() ? mix(colour, [255, 255, 255], 0.2) : mix(colour, [0, 0, 0], 0.2));
  }
  context.stroke();
}

const CORNERS = {
  triangle: [[0, -1], [0.95, 0.75], [-0.95, 0.75]],
  down: [[0, 1], [0.95, -0.75], [-0.95, -0.75]],
  diamond: [[0, -1.1], [0.9, 0], [0, 1.1], [-0.9, 0]],
  plus: [[-0.35, -1], [0.35, -1], [0.35, -0.35], [1, -0.35], [1, 0.35], [0.35, 0.35], [0.35, 1], [-0.35, 1],
    [-0.35, 0.35], [-1, 0.35], [-1, -0.35], [-0.35, -0.35]],
  cross: [[0, -0.4], [0.6, -1], [1, -0.6], [0.4, 0], [1, 0.6], [0.6, 1], [0, 0.4], [-0.6, 1], [-1, 0.6],
    [-0.4, 0], [-1, -0.6], [-0.6, -1]],
  star: Array.from({ length: 10 }, (_, i) => {
    const [angle, size] = [(i * Math.PI) / 5 - Math.PI / 2, i % 2 ? 0.45 : 1.1];
    return [size * Math.cos(angle), size * Math.sin(angle)];
  }),
};

function polygon(context, shape, x, y, r) {
  CORNERS[shape].forEach(([dx, dy], i) => context[i ? "lineTo" : "moveTo"](x + dx * r, y + dy * r));
  context.closePath();
}
