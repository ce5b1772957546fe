// What the network says everywhere in the plane, with the training and test points on it.

import { axesOf, shortAxes } from "./axes.js";
import { classColour, classShape, css, ink, mark, signed } from "./colours.js";
import { fitted, h, number, percent } from "./dom.js";
import { classSheet, valueSheet } from "./heatmap.js";
import { isPlane } from "./network_layout.js";

const LEFT = 50;
const BELOW = 36;
const MOST_POINTS = 2000; // of each part

/** A few round numbers between two ends. */
function ticks(low, high, width) {
  const rough = (high - low) / (width < 240 ? 2 : 4);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].findLast((factor) => factor * power <= rough);
  return Array.from({ length: 12 }, (_, i) => (Math.ceil(low / step) + i) * step).filter((value) => value <= high);
}

export class SurfaceView {
  /** `prefix` of the arrays: "compare:" for the second network, which shows the parts that `first` shows. */
  constructor(root, prefix = "", first = null) {
    this.prefix = prefix;
    this.canvas = h("canvas", { "aria-hidden": "true" });
    this.points = h("canvas", { "aria-hidden": "true", class: "over" });
    this.stage = h("div", { class: "surface", role: "img", tabindex: "0", testid: prefix ? "surface-compare" : "surface", "aria-label": "Decision surface" }, this.canvas, this.points);
    this.under = h("p", { class: "hint under", "aria-live": "polite", testid: prefix ? "surface-compare-value" : "surface-value" }, " ");
    this.legend = h("div", { class: "legend" });
    const toggle = (testid, text) => h("label", { class: "flag" },
      h("input", { type: "checkbox", checked: true, testid }), text);
    this.train = first?.train ?? toggle("show-train", "Training points (filled)");
    this.test = first?.test ?? toggle("show-test", "Test points (outlined)");
    for (const label of [this.train, this.test]) label.addEventListener("change", () => this.#drawPoints());
    root.append(this.stage, this.under);
    if (!first) root.closest("section").append(h("div", { class: "row" }, this.train, this.test), this.legend);
    this.stage.addEventListener("pointermove", (event) => this.#hover(event));
    this.stage.addEventListener("pointerleave", () => this.#tell(null));
    this.stage.addEventListener("keydown", (event) => this.#walk(event));
    this.stage.addEventListener("blur", () => this.#tell(null));
    this.at = null; // where the keyboard has gone, as shares of the side
    new ResizeObserver(() => this.redraw()).observe(this.stage);
  }

  show(ready) {
    this.ready = ready;
    this.frame = null;
    const targets = [...(ready.points.train.t ?? []), ...(ready.points.test.t ?? [])];
    const [low, high] = targets.reduce(([a, b], t) => [Math.min(a, t), Math.max(b, t)], [Infinity, -Infinity]);
    this.centre = low < 0 && high > 0 ? 0 : (low + high) / 2;
    this.reach = Math.max(high - this.centre, this.centre - low, 1e-9);
    this.stage.setAttribute("aria-label", ready.classes
      ? `Decision surface: ${ready.classes.length} classes, ${ready.points.train.x.length} training and ${ready.points.test.x.length} test points; the arrow keys read it`
      : "Surface of predicted values with training and test points");
    this.#drawLegend();
    this.at = null;
    this.redraw();
    this.#tell(null);
  }

  draw(frame) {
    if (this.#surface(frame)) this.frame = frame;
    this.#drawSurface();
    if (this.at) this.#tell(this.at);
  }

  #surface(frame, name = "surface") {
    return frame?.arrays[this.prefix + name];
  }

  redraw() {
    if (!this.ready) return;
    this.side = Math.max(120, this.stage.clientWidth - LEFT - 8);
    this.stage.style.height = `${this.side + BELOW + 6}px`;
    this.#drawSurface();
    this.#drawPoints();
  }

  #drawSurface() {
    if (!this.side) return;
    const context = fitted(this.canvas, this.side, this.side);
    const surface = this.#surface(this.frame);
    if (!surface) {
      context.clearRect(0, 0, this.side, this.side);
      return;
    }
    const [height, width] = surface.shape;
    const sheet = this.ready.classes
      ? classSheet(surface.data, this.#surface(this.frame, "confidence")?.data, width, height, this.ready.classes.length)
      : valueSheet(surface.data, width, height, this.centre, this.reach);
    context.imageSmoothingEnabled = true;
    context.drawImage(sheet, 0, 0, this.side, this.side);
  }

  #drawPoints() {
    if (!this.ready) return;
    const [full, tall] = [this.side + LEFT + 8, this.side + BELOW + 6];
    const context = fitted(this.points, full, tall);
    context.clearRect(0, 0, full, tall);
    this.#axes(context);
    context.save();
    context.beginPath();
    context.rect(LEFT, 0, this.side, this.side);
    context.clip();
    const { train, test } = this.ready.points;
    if (this.train.firstChild.checked) this.#marks(context, train, true);
    if (this.test.firstChild.checked) this.#marks(context, test, false);
    if (this.at) this.#cross(context);
    context.restore();
  }

  #marks(context, { x, y, t }, filled) {
    const [x0, x1, y0, y1] = this.ready.domain;
    const step = Math.max(1, Math.ceil(x.length / MOST_POINTS));
    const r = x.length > 600 ? 2.4 : 3.6;
    for (let i = 0; i < x.length; i += step) {
      const px = LEFT + (this.side * (x[i] - x0)) / (x1 - x0);
      const py = this.side * (1 - (y[i] - y0) / (y1 - y0));
      if (this.ready.classes) mark(context, classShape(t[i]), px, py, r, classColour(t[i]), filled);
      else mark(context, filled ? "circle" : "square", px, py, r, signed((t[i] - this.centre) / this.reach), filled, css(ink(), 0.8));
    }
  }

  #axes(context) {
    const [x0, x1, y0, y1] = this.ready.domain;
    context.font = "11px system-ui, sans-serif";
    context.fillStyle = css(ink());
    context.strokeStyle = css(ink(), 0.4);
    context.strokeRect(LEFT + 0.5, 0.5, this.side - 1, this.side - 1);
    context.textAlign = "center";
    context.textBaseline = "top";
    for (const x of ticks(x0, x1, this.side)) context.fillText(number(x, 3), LEFT + (this.side * (x - x0)) / (x1 - x0), this.side + 5);
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const y of ticks(y0, y1, this.side)) context.fillText(number(y, 3), LEFT - 5, this.side * (1 - (y - y0) / (y1 - y0)));
    this.#titles(context);
  }

  #titles(context) {
    const [across, up] = axesOf(this.ready);
    context.textAlign = "center";
    context.textBaseline = "bottom";
    context.fillText(across, LEFT + this.side / 2, this.side + BELOW, this.side);
    context.save();
    context.translate(2, this.side / 2);
    context.rotate(-Math.PI / 2);
    context.textBaseline = "top";
    context.fillText(up, 0, 0, this.side);
    context.restore();
  }

  /** The place that the keyboard reads. */
  #cross(context) {
    const [x, y] = [LEFT + this.side * this.at[0], this.side * (1 - this.at[1])];
    context.strokeStyle = css(ink());
    context.lineWidth = 1;
    context.strokeRect(x - 7, y - 7, 14, 14);
    context.strokeRect(x - 0.5, y - 0.5, 1, 1);
  }

  #drawLegend() {
    const { classes } = this.ready;
    if (!classes) {
      const bar = h("canvas", { "aria-hidden": "true" });
      const context = fitted(bar, 180, 12);
      for (let i = 0; i < 180; i++) {
        context.fillStyle = css(signed((i - 90) / 90));
        context.fillRect(i, 0, 1, 12);
      }
      this.legend.replaceChildren(h("span", {}, number(this.centre - this.reach, 3)), bar, h("span", {}, number(this.centre + this.reach, 3)));
      return;
    }
    this.legend.replaceChildren(...classes.map((name, k) => {
      const sample = h("canvas", { "aria-hidden": "true" });
      mark(fitted(sample, 16, 16), classShape(k), 8, 8, 5, classColour(k), true);
      return h("span", { class: "entry" }, sample, String(name));
    }), ...(isPlane(this.ready) ? [h("span", { class: "hint" }, "The fainter, the less sure.")] : []));
  }

  #hover(event) {
    const box = this.stage.getBoundingClientRect();
    const [u, v] = [(event.clientX - box.left - LEFT) / this.side, 1 - (event.clientY - box.top) / this.side];
    if (u >= 0 && u <= 1 && v >= 0 && v <= 1) this.#tell([u, v]);
  }

  /** Arrow keys read the surface place by place. */
  #walk(event) {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!step || !this.ready || !isPlane(this.ready)) return;
    event.preventDefault();
    const from = this.at ?? [0.5, 0.5];
    this.at = from.map((share, i) => Math.max(0, Math.min(share + step[i] / 20, 1)));
    this.#drawPoints();
    this.#tell(this.at);
  }

  /** Say what stands at a place, given as shares of the side; null for nowhere. */
  #tell(place) {
    if (!place && this.at) {
      this.at = null;
      this.#drawPoints();
    }
    if (!this.ready || !this.side) return;
    if (!isPlane(this.ready)) {
      this.under.textContent = "A table has no plane to colour: the points stand at the first two principal components of its standardised columns.";
      return;
    }
    this.under.textContent = place ? this.#said(place) : " ";
  }

  #said([u, v]) {
    const [x0, x1, y0, y1] = this.ready.domain;
    const [across, up] = shortAxes(this.ready);
    const where = `${across} = ${number(x0 + u * (x1 - x0), 3)}, ${up} = ${number(y0 + v * (y1 - y0), 3)}`;
    const surface = this.#surface(this.frame);
    if (!surface) return where;
    const [height, width] = surface.shape;
    const at = Math.round(v * (height - 1)) * width + Math.round(u * (width - 1));
    if (!this.ready.classes) return `${where}: ${number(surface.data[at], 4)}`;
    const sure = this.#surface(this.frame, "confidence").data[at];
    return `${where}: ${this.ready.classes[surface.data[at]]}, ${percent(sure / 255)} sure`;
  }
}
