// Histograms of weights, activations and gradients per layer; earlier epochs stay visible behind, paler.

import { css, ink } from "./colours.js";
import { fitted, h, number } from "./dom.js";
import { isDark } from "./theme.js";

const KINDS = [["weight", "Weights"], ["activation", "Activations"], ["gradient", "Gradients"]];
const KEPT = 24; // earlier histograms, at most one an epoch
const [WIDTH, HEIGHT] = [190, 96];
const COLOUR = { weight: [0, 114, 178], activation: [0, 158, 115], gradient: [213, 94, 0] };
const colourOf = (kind) => (isDark() && kind === "weight" ? [86, 180, 233] : COLOUR[kind]);

export class HistogramsView {
  wants = ["histograms"];

  constructor(root) {
    this.root = root;
    this.past = new Map();
  }

  show() {
    this.past.clear();
    this.rows = new Map();
    this.root.replaceChildren(h("p", { class: "hint" },
      "Now in front, earlier epochs behind it and paler, as far as they were seen here. Point at a histogram to read it, or go along it with the arrow keys."));
  }

  #row(layer) {
    if (!this.rows.has(layer)) {
      const marks = h("div", { class: "marks", testid: `marks-${layer}` });
      const cells = Object.fromEntries(KINDS.map(([kind, title]) => [kind, this.#cell(layer, kind, title)]));
      this.root.append(h("section", { class: "histogram-row", "aria-label": layer },
        h("h3", {}, layer, marks), KINDS.map(([kind]) => cells[kind].figure)));
      this.rows.set(layer, { marks, cells });
    }
    return this.rows.get(layer);
  }

  #cell(layer, kind, title) {
    const canvas = h("canvas", { role: "img", "aria-label": `${title} of ${layer}`, tabindex: "0", testid: `histogram-${layer}-${kind}` });
    const text = h("span", { class: "range", "aria-live": "polite" }, " ");
    const cell = { canvas, text, low: 0, high: 0, figure: h("figure", { hidden: true }, h("figcaption", {}, title), canvas, text) };
    let bin = 0;
    const read = (to) => {
      const now = this.past.get(`${layer}.${kind}`).at(-1);
      bin = Math.max(-1, Math.min(to(now), now.counts.length));
      text.textContent = now.counts[bin] === undefined ? "none here"
        : `${number(now.edges[bin], 3)} to ${number(now.edges[bin + 1], 3)}: ${number(now.counts[bin], 4)}`;
    };
    canvas.addEventListener("pointermove", ({ offsetX }) => {
      const value = cell.low + ((cell.high - cell.low) * offsetX) / WIDTH;
      read(({ edges }) => edges.findLastIndex((edge) => edge <= value));
    });
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      read(({ counts }) => Math.max(0, Math.min(bin + step, counts.length - 1)));
    });
    return cell;
  }

  draw({ header, arrays }) {
    if (!Object.keys(arrays).some((name) => name.startsWith("histogram:"))) return; // made before this view was asked for
    for (const [key, past] of this.past) this.#cut(key, past, header.epoch - !(`histogram:${key}` in arrays));
    for (const [name, { data }] of Object.entries(arrays)) {
      const [, key, layer, kind] = /^histogram:((.+)\.(\w+))$/.exec(name) ?? [];
      if (!key) continue;
      const past = this.past.get(key) ?? [];
      if (past.at(-1)?.epoch === header.epoch) past.pop();
      past.push({ epoch: header.epoch, counts: Float32Array.from(data), edges: header.edges[key] });
      if (past.length > KEPT) past.shift();
      this.past.set(key, past);
      this.#paint(this.#row(layer).cells[kind], past, kind);
    }
    for (const [layer, row] of this.rows) this.#mark(row.marks, layer, header);
  }

  /** Training was rewound: what came later than `epoch` goes. */
  #cut(key, past, epoch) {
    if (!(past.at(-1)?.epoch > epoch)) return;
    while (past.at(-1)?.epoch > epoch) past.pop();
    const [, layer, kind] = /^(.+)\.(\w+)$/.exec(key);
    const cell = this.#row(layer).cells[kind];
    if (past.length) this.#paint(cell, past, kind);
    else cell.figure.hidden = true;
  }

  /** Trouble in words and with a sign, not by colour alone. */
  #mark(root, layer, { dead, vanishing }) {
    const notes = [];
    if (dead?.[layer] > 0) notes.push(`⚠ dead units: ${(100 * dead[layer]).toFixed(0)} % never active on a sample of the training part`);
    if (vanishing?.includes(layer)) notes.push("⚠ vanishing gradient: a thousandth of the largest layer's, or less");
    const text = notes.join("; ");
    if (root.textContent !== text) root.textContent = text;
  }

  #paint(cell, past, kind) {
    cell.figure.hidden = false;
    const context = fitted(cell.canvas, WIDTH, HEIGHT);
    context.clearRect(0, 0, WIDTH, HEIGHT);
    const low = Math.min(...past.map(({ edges }) => edges[0]));
    const high = Math.max(...past.map(({ edges }) => edges.at(-1)));
    const x = (value) => (WIDTH * (value - low)) / (high - low || 1);
    past.forEach(({ counts, edges }, k) => {
      const back = past.length - 1 - k;
      const lift = Math.min(back * 1.6, 40);
      const most = counts.reduce((a, b) => Math.max(a, b), 1e-9);
      const ground = HEIGHT - 12 - lift;
      context.beginPath();
      context.moveTo(x(edges[0]), ground);
      counts.forEach((count, i) => {
        const y = ground - (42 * count) / most;
        context.lineTo(x(edges[i]), y);
        context.lineTo(x(edges[i + 1]), y);
      });
      context.lineTo(x(edges.at(-1)), ground);
      context.closePath();
      context.fillStyle = css(colourOf(kind), back ? 0.1 : 0.85);
      context.fill();
      if (back) {
        context.strokeStyle = css(colourOf(kind), 0.35);
        context.lineWidth = 0.6;
        context.stroke();
      }
    });
    this.#ends(context, low, high, x);
    Object.assign(cell, { low, high });
  }

  #ends(context, low, high, x) {
    context.fillStyle = css(ink());
    context.font = "10px system-ui, sans-serif";
    context.textBaseline = "bottom";
    context.textAlign = "left";
    context.fillText(number(low, 2), 0, HEIGHT);
    context.textAlign = "right";
    context.fillText(number(high, 2), WIDTH, HEIGHT);
    if (low < 0 && high > 0) {
      context.textAlign = "center";
      context.fillText("0", Math.max(30, Math.min(x(0), WIDTH - 30)), HEIGHT);
    }
  }
}
