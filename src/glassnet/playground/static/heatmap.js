// Arrays over the plane as pictures: signed bytes around 128, values, or classes with their confidence.

import { classColour, mix, neutral, packed, signed, signedTable } from "./colours.js";

const scratch = new Map();

/** A hidden canvas of one size with its pixels, made once. */
function sheet(width, height) {
  const key = `${width}x${height}`;
  if (!scratch.has(key)) {
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    const image = context.createImageData(width, height);
    scratch.set(key, { canvas, context, image, pixels: new Uint32Array(image.data.buffer) });
  }
  return scratch.get(key);
}

/** Fill a sheet pixel by pixel; the arrays' row 0 is the lowest y, the picture's the highest. */
function painted(width, height, colourAt) {
  const { canvas, context, image, pixels } = sheet(width, height);
  let target = 0;
  for (let row = height - 1; row >= 0; row--) {
    for (let i = row * width; i < (row + 1) * width; i++) pixels[target++] = colourAt(i);
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

/** One neuron's response; `data` may hold several of them one after the other. */
export function neuronSheet(data, offset, side) {
  const table = signedTable();
  return painted(side, side, (i) => table[data[offset + i]]);
}

/** Values around `centre`, full colour at `reach` from it. */
export function valueSheet(data, width, height, centre, reach) {
  const table = signedTable();
  return painted(width, height, (i) => {
    const t = 128 + Math.round((127 * (data[i] - centre)) / reach);
    return table[t < 1 ? 1 : t > 255 ? 255 : t || 128];
  });
}

const LEVELS = 32;
let palette = null;
let paletteKey = "";

/** Classes, the surer the darker; a confidence of 1/k is no confidence. */
export function classSheet(classes, confidence, width, height, k) {
  const paper = neutral();
  const key = `${paper}|${k}`;
  if (key !== paletteKey) {
    paletteKey = key;
    palette = new Uint32Array(k * LEVELS);
    for (let c = 0; c < k; c++) {
      for (let level = 0; level < LEVELS; level++) {
        palette[c * LEVELS + level] = packed(mix(paper, classColour(c), 0.06 + (0.5 * level) / (LEVELS - 1)));
      }
    }
  }
  const least = 1 / Math.max(k, 2);
  return painted(width, height, (i) => {
    const sure = confidence ? (confidence[i] / 255 - least) / (1 - least) : 1;
    const level = Math.max(0, Math.min(LEVELS - 1, Math.round(sure * (LEVELS - 1))));
    return palette[Math.min(classes[i], k - 1) * LEVELS + level];
  });
}

const FEATURES = {
  x: (x) => x, y: (_x, y) => y, x2: (x) => x * x, y2: (_x, y) => y * y, xy: (x, y) => x * y,
  sinx: (x) => Math.sin(Math.PI * x), siny: (_x, y) => Math.sin(Math.PI * y),
};

/** The picture of an input feature over the plane; null for a table's column. */
export function featureSheet(name, domain, side = 20) {
  const value = FEATURES[name];
  if (!value) return null;
  const [x0, x1, y0, y1] = domain;
  const values = Float32Array.from({ length: side * side }, (_, i) =>
    value(x0 + ((x1 - x0) * (i % side)) / (side - 1), y0 + ((y1 - y0) * Math.floor(i / side)) / (side - 1)));
  const reach = values.reduce((most, v) => Math.max(most, Math.abs(v)), 1e-9);
  return valueSheet(values, side, side, 0, reach);
}

