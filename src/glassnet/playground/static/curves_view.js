// Loss and accuracy over the epochs, drawn by plotly with readable values under the pointer.

import { css, ink } from "./colours.js";
import { h } from "./dom.js";
import { isDark } from "./theme.js";

const PAUSE = 400; // milliseconds between two drawings: plotly is slow, and the curves need not hurry
const MOST = 600; // points of one curve
const colours = () => [{ train: isDark() ? "#56B4E9" : "#0072B2", test: "#D55E00" }, { train: "#CC79A7", test: "#009E73" }];

export class CurvesView {
  constructor(root) {
    this.logarithmic = h("input", { type: "checkbox", testid: "curves-log", onchange: () => this.draw(true) });
    this.chart = h("div", { class: "chart", testid: "curves", role: "img", "aria-label": "Curves of loss and accuracy" });
    root.append(this.chart, h("label", { class: "flag" }, this.logarithmic, "Loss on a logarithmic scale"));
    this.last = -Infinity;
    new ResizeObserver(() => this.draw(true)).observe(this.chart);
  }

  /** `runs`: [{name, history}], the second one present when two optimisers are compared. */
  show(runs) {
    this.runs = runs;
    this.draw(true);
  }

  draw(now = false) {
    clearTimeout(this.timer);
    const wait = PAUSE - (performance.now() - this.last);
    if (!now && wait > 0) {
      this.timer = setTimeout(() => this.draw(true), wait);
      return;
    }
    if (!this.runs || !window.Plotly || !this.chart.clientWidth) return;
    const traces = this.runs.flatMap((run, k) => this.#traces(run, k));
    if (!traces.length && !now) return; // the empty chart is there already
    this.last = traces.length ? performance.now() : -Infinity; // what comes first is drawn at once
    if (this.empty !== !traces.length) window.Plotly.purge(this.chart); // else its axes keep ranges of before
    this.empty = !traces.length;
    window.Plotly.react(this.chart, traces, this.#layout(traces.some((trace) => trace.yaxis === "y2")), {
      displayModeBar: false, responsive: false,
    });
  }

  #traces({ name, history }, k) {
    const label = this.runs.length > 1 ? `${name}, ` : "";
    return [
      ["loss", "train", "y"], ["val_loss", "test", "y"],
      ["accuracy", "train", "y2"], ["val_accuracy", "test", "y2"],
    ].filter(([key]) => history.series[key].some((value) => value !== null)).map(([key, part, yaxis]) => {
      const { x, y } = thinned(history.series[key]);
      return {
        x, y, yaxis, name: label + part, legendgroup: label + part, showlegend: yaxis === "y", type: "scatter", mode: x.length < 3 ? "lines+markers" : "lines",
        line: { color: colours()[k][part], width: 2, dash: part === "test" ? "solid" : "dot" },
        hovertemplate: "%{y:.4g}",
      };
    });
  }

  #layout(two) {
    const range = (ends) => (this.empty ? { range: ends } : {});
    const text = css(ink());
    const axis = { color: text, gridcolor: css(ink(), 0.15), zeroline: false, automargin: true };
    return {
      width: this.chart.clientWidth, height: two ? 330 : 230, margin: { l: 48, r: 8, t: 8, b: 36 },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: text, size: 11, family: "system-ui, sans-serif" },
      hovermode: "x unified", uirevision: "kept",
      hoverlabel: { bgcolor: getComputedStyle(document.body).backgroundColor, font: { color: text } },
      legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0, font: { size: 11 } },
      xaxis: { ...axis, title: { text: "epoch" }, anchor: two ? "y2" : "y", ...range([0, 10]) },
      yaxis: { ...axis, title: { text: "loss" }, domain: two ? [0.5, 1] : [0, 1], type: this.logarithmic.checked ? "log" : "linear", ...range([0, 1]) },
      yaxis2: { ...axis, title: { text: "accuracy" }, domain: [0, 0.43], range: [0, 1.02], visible: two },
    };
  }

  /** The chart as a picture (a data address of an SVG). */
  picture(width, height) {
    return window.Plotly.toImage(this.chart, { format: "svg", width, height });
  }
}

/** At most MOST points from epoch 1 on, the last one always among them. */
function thinned(values) {
  const step = Math.max(1, Math.ceil(values.length / MOST));
  const [x, y] = [[], []];
  for (let i = 0; i < values.length; i += step) {
    x.push(i + 1);
    y.push(values[i]);
  }
  if (values.length && x.at(-1) !== values.length) {
    x.push(values.length);
    y.push(values.at(-1));
  }
  return { x, y };
}
