// How large each layer's gradient, or its last update, is beside its weights.

import { classColour, css, ink } from "./colours.js";
import { h, number } from "./dom.js";
import { Trail } from "./trail.js";

const PAUSE = 400; // milliseconds between two drawings of the chart

const KINDS = {
  gradient_ratios: {
    title: "Gradient / weight",
    hint: "Size of the last gradient over the size of the weights, by layer. Compare the layers: where the ratio falls towards the inputs from layer to layer, the gradient vanishes on its way.",
    reading: (value, values) => {
      if (value === 0) return "⚠ no gradient arrives";
      if (value <= 1e-3 * Math.max(...values)) return "⚠ a thousandth of the largest, or less: it vanishes";
      return value > 10 ? "⚠ far larger than the weights: it may explode" : "usual";
    },
  },
  ratios: {
    title: "Update / weight",
    hint: "Size of the last update over the size of the weights, by layer. About 1 in 1000 is usual: far less learns slowly, far more is unsteady.",
    reading: (value) => {
      if (value === 0) return "⚠ nothing moves";
      if (value < 1e-5) return "⚠ very small: this layer hardly learns";
      if (value < 1e-4) return "small";
      if (value <= 1e-2) return "usual";
      return value <= 0.1 ? "large" : "⚠ very large: likely unsteady";
    },
  },
};

export class RatiosView {
  wants = [];

  constructor(root) {
    this.kind = h("select", { testid: "ratios-kind", onchange: () => this.#redraw() },
      Object.entries(KINDS).map(([value, { title }]) => h("option", { value }, title)));
    this.hint = h("p", { class: "hint" });
    this.table = h("tbody");
    this.chart = h("div", { class: "chart", role: "img", "aria-label": "The ratio over the steps", testid: "ratios-chart" });
    root.append(
      h("label", { class: "flag" }, "Ratio", this.kind), this.hint,
      h("table", { class: "ratios", testid: "ratios" }, h("thead", {}, h("tr", {},
        ["Layer", "Ratio", "Reading"].map((text) => h("th", { scope: "col" }, text)))), this.table),
      this.chart);
    new ResizeObserver(() => this.#drawChart()).observe(root);
    this.show();
  }

  show() {
    this.trails = Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, new Trail()]));
    this.header = {};
    this.last = -Infinity;
    this.#redraw();
  }

  /** Every frame is noted, seen or not, so that the chart has no holes. */
  note({ header }) {
    for (const [kind, trail] of Object.entries(this.trails)) trail.take(header.step, header[kind]);
  }

  draw({ header }) {
    this.header = header;
    this.#fillTable();
    clearTimeout(this.timer);
    const wait = PAUSE - (performance.now() - this.last);
    if (header.running && wait > 0) this.timer = setTimeout(() => this.#drawChart(), wait);
    else this.#drawChart();
  }

  #redraw() {
    this.hint.textContent = KINDS[this.kind.value].hint;
    this.#fillTable();
    this.#drawChart();
  }

  #fillTable() {
    const ratios = Object.entries(this.header[this.kind.value] ?? {});
    const values = ratios.map(([, value]) => value);
    const rows = ratios.map(([name, value]) => [name, number(value, 3),
      Number.isFinite(value) ? KINDS[this.kind.value].reading(value, values) : "⚠ not a number"]);
    if (!rows.length) rows.push(["–", "none yet", "Do a step, or run."]);
    this.table.replaceChildren(...rows.map(([name, ...cells]) => h("tr", {},
      h("th", { scope: "row" }, name), cells.map((text) => h("td", {}, text)))));
  }

  #drawChart() {
    const { steps, values } = this.trails[this.kind.value];
    this.chart.hidden = !steps.length;
    if (!window.Plotly || !this.chart.clientWidth) return;
    this.last = performance.now();
    const text = css(ink());
    const axis = { color: text, gridcolor: css(ink(), 0.15), zeroline: false, automargin: true };
    window.Plotly.react(this.chart, Object.entries(values).map(([name, y], k) => ({
      x: steps, y, name, type: "scatter", mode: steps.length < 3 ? "lines+markers" : "lines", hovertemplate: "%{y:.3g}",
      line: { color: css(classColour(k)), dash: ["solid", "dot", "dash"][k % 3] },
    })), {
      width: this.chart.clientWidth, height: 240, margin: { l: 56, r: 8, t: 8, b: 34 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: text, size: 11, family: "system-ui, sans-serif" }, hovermode: "x unified", showlegend: true,
      hoverlabel: { bgcolor: getComputedStyle(document.body).backgroundColor, font: { color: text } },
      xaxis: { ...axis, title: { text: "step" } },
      yaxis: { ...axis, title: { text: "ratio" }, type: "log", exponentformat: "power" },
    }, { displayModeBar: false });
  }
}
