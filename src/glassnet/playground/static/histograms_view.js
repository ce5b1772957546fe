// Histograms of weights, activations and gradients per layer; earlier ones stay visible behind, paler.

import { css, ink } from "./colours.js";
import { fitted, h, number } from "./dom.js";

const KINDS = [["weight", "Weights"], ["activation", "Activations"], ["gradient", "Gradients"]];
const KEPT = 24; // earlier histograms, at most one an epoch
const [WIDTH, HEIGHT] = [190, 96];
const COLOUR = { weight: [0, 114, 178], activation: [0, 158, 115], gradient: [213, 94, 0] };

export class HistogramsView {
  wants = ["histograms"];

  constructor(root) {
    this.root = root;
    this.past = new Map();
  }

  show(ready) {
    this.past.clear();
    this.rows = new Map();
    this.epoch = -1;
    this.names = ready.network.layers.filter((layer) => layer.n_parameters > 0 || layer.activation).map(({ name }) => name);
    this.root.replaceChildren(h("p", { class: "hint" },
      "Now in front, earlier epochs behind it and paler. Point at a histogram to read it."));
  }

  #row(layer) {
    if (!this.rows.has(layer)) {
      const marks = h("div", { class: "marks", testid: `marks-${layer}` });
      const cells = Object.fromEntries(KINDS.map(([kind, title]) => {
        const canvas = h("canvas", { role: "img", "aria-label": `${title} of ${layer}` });
        const text = h("span", { class: "range" });
        const cell = h("figure", { hidden: true }, h("figcaption", {}, title), canvas, text);
        canvas.addEventListener("pointermove", (event) => this.#read(event, cell, layer, kind));
        return [kind, { canvas, text, cell }];
      }));
      this.root.append(h("section", { class: "histogram-row", "aria-label": layer },
        h("h3", {}, layer, marks), KINDS.map(([kind]) => cells[kind].cell)));
      this.rows.set(layer, { marks, cells });
    }
    return this.rows.get(layer);
  }

  draw({ header, arrays }) {
    const newEpoch = header.epoch !== this.epoch;
    this.epoch = header.epoch;
    for (const [name, { data }] of Object.entries(arrays)) {
      const [, key, layer, kind] = /^histogram:((.+)\.(\w+))$/.exec(name) ?? [];
      if (!key || !COLOUR[kind]) continue;
      const edges = header.edges?.[key] ?? header.edges?.[name];
      if (!edges) continue;
      const past = this.past.get(key) ?? [];
      if (newEpoch || !past.length) past.push(null);
      past[past.length - 1] = { counts: Float32Array.from(data), edges };
      if (past.length > KEPT) past.shift();
      this.past.set(key, past);
      this.#paint(this.#row(layer).cells[kind], past, kind);
    }
    for (const [layer, row] of this.rows) this.#mark(row.marks, layer, header);
  }

  /** Trouble in words and with a sign, not by colour alone. */
  #mark(root, layer, { dead, vanishing }) {
    const notes = [];
    if (dead?.[layer] > 0) notes.push(`⚠ dead units: ${(100 * dead[layer]).toFixed(0)} % never active on a sample of the training part`);
    if (vanishing?.includes(layer)) notes.push("⚠ vanishing gradient: a thousandth of the largest layer's, or less");
    const text = notes.join("; ");
    if (root.textContent !== text) root.textContent = text;
  }

  #paint({ canvas, text, cell }, past, kind) {
    cell.hidden = false;
    const context = fitted(canvas, WIDTH, HEIGHT);
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
      context.fillStyle = css(COLOUR[kind], back ? 0.1 : 0.85);
      context.fill();
      if (back) {
        context.strokeStyle = css(COLOUR[kind], 0.35);
        context.lineWidth = 0.6;
        context.stroke();
      }
    });
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
    Object.assign(cell, { low, high });
    if (!text.textContent) text.textContent = " ";
  }

  #read(event, cell, layer, kind) {
    const now = this.past.get(`${layer}.${kind}`)?.at(-1);
    if (!now) return;
    const value = cell.low + ((cell.high - cell.low) * event.offsetX) / WIDTH;
    const bin = now.edges.findLastIndex((edge) => edge <= value);
    cell.lastChild.textContent = bin < 0 || bin >= now.counts.length ? "none here"
      : `${number(now.edges[bin], 3)} to ${number(now.edges[bin + 1], 3)}: ${number(now.counts[bin], 4)}`;
  }
}
