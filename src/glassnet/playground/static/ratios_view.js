// Update-to-weight ratios: how far one step moves each layer, measured by the layer's own size.

import { classColour, css, ink } from "./colours.js";
import { h, number } from "./dom.js";

const PAUSE = 400;
const MOST = 800;

export class RatiosView {
  wants = [];

  constructor(root) {
    this.table = h("tbody");
    this.chart = h("div", { class: "chart", role: "img", "aria-label": "Update-to-weight ratio over the steps" });
    root.append(
      h("p", { class: "hint" }, "Size of the last update over the size of the weights, by layer. About 1 in 1000 is usual: far less learns slowly, far more is unsteady."),
      h("table", { class: "ratios", testid: "ratios" }, h("thead", {}, h("tr", {},
        ["Layer", "Ratio", "Reading"].map((text) => h("th", { scope: "col" }, text)))), this.table),
      this.chart);
    this.show();
    this.last = 0;
  }

  show() {
    this.steps = [];
    this.values = {};
    this.table.replaceChildren();
  }

  /** Every frame is noted, seen or not, so that the chart has no holes. */
  note({ header: { step, ratios } }) {
    if (!ratios || !Object.keys(ratios).length || step === this.steps.at(-1)) return;
    if (step < this.steps.at(-1)) this.show();
    this.steps.push(step);
    for (const [name, value] of Object.entries(ratios)) (this.values[name] ??= []).push(value);
    if (this.steps.length > MOST) {
      const thin = (list) => list.filter((_, i) => i % 2 || i === list.length - 1);
      this.steps = thin(this.steps);
      for (const name of Object.keys(this.values)) this.values[name] = thin(this.values[name]);
    }
  }

  draw({ header: { ratios } }) {
    this.table.replaceChildren(...Object.entries(ratios ?? {}).map(([name, value]) => h("tr", {},
      h("th", { scope: "row" }, name), h("td", {}, number(value, 3)), h("td", {}, reading(value)))));
    if (performance.now() - this.last < PAUSE || !window.Plotly || !this.chart.clientWidth) return;
    this.last = performance.now();
    const text = css(ink());
    const axis = { color: text, gridcolor: css(ink(), 0.15), zeroline: false, automargin: true };
    window.Plotly.react(this.chart, Object.entries(this.values).map(([name, y], k) => ({
      x: this.steps, y, name, type: "scatter", mode: "lines", hovertemplate: "%{y:.3g}",
      line: { color: css(classColour(k)), dash: ["solid", "dot", "dash"][k % 3] },
    })), {
      height: 240, margin: { l: 56, r: 8, t: 8, b: 34 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: text, size: 11, family: "system-ui, sans-serif" }, hovermode: "x unified", showlegend: true,
      hoverlabel: { bgcolor: getComputedStyle(document.body).backgroundColor, font: { color: text } },
      xaxis: { ...axis, title: { text: "step" } },
      yaxis: { ...axis, title: { text: "ratio" }, type: "log", exponentformat: "power" },
    }, { displayModeBar: false });
  }
}

function reading(value) {
  if (!Number.isFinite(value)) return "⚠ not a number";
  if (value === 0) return "⚠ nothing moves";
  if (value < 1e-5) return "⚠ very small: this layer hardly learns";
  if (value < 1e-4) return "small";
  if (value <= 1e-2) return "usual";
  return value <= 0.1 ? "large" : "⚠ very large: likely unsteady";
}
