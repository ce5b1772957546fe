// The confusion matrix of the test part: rows are the true classes, columns the predicted ones.

import { css, mix, neutral } from "./colours.js";
import { h, number, percent } from "./dom.js";

export class ConfusionView {
  wants = ["confusion"];

  constructor(root) {
    this.root = root;
  }

  show(ready) {
    this.classes = ready.classes;
    [this.part, this.rows] = ready.n_test ? ["Test part", ready.n_test] : ["Training part (there is no test part)", ready.n_train];
    this.drawn = null;
    this.root.replaceChildren(h("p", { class: "hint" }, this.classes
      ? "Shown after the first frame."
      : "The network predicts values, not classes: there is no confusion matrix."));
  }

  draw({ arrays }) {
    const matrix = arrays.confusion;
    const now = `${matrix?.data}|${neutral()}`; // the colours belong to it: they change with the theme
    if (!matrix || !this.classes || now === this.drawn) return;
    this.drawn = now;
    const k = matrix.shape[0];
    const sums = Array.from({ length: k }, (_, i) => matrix.data.subarray(i * k, (i + 1) * k).reduce((a, b) => a + b, 0));
    const names = this.classes.map(String);
    const cell = (i, j) => {
      const value = matrix.data[i * k + j];
      const share = sums[i] ? value / sums[i] : 0;
      const colour = mix(neutral(), i === j ? [0, 114, 178] : [213, 94, 0], 0.75 * share);
      const luminance = 0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2];
      return h("td", {
        style: `background:${css(colour)};color:${luminance > 140 ? "#111" : "#fff"}`,
        title: `${names[i]} taken for ${names[j]}: ${number(value)} (${percent(share)} of the ${names[i]} row)`,
      }, number(value));
    };
    const right = sums.reduce((total, _, i) => total + matrix.data[i * k + i], 0);
    const total = sums.reduce((a, b) => a + b, 0);
    const sample = total < this.rows ? `; the first ${total} of its ${this.rows} rows` : "";
    this.root.replaceChildren(
      h("div", { class: "scroller" }, h("table", { class: "confusion", testid: "confusion" },
        h("caption", {}, `${this.part}: ${number(right)} of ${number(total)} right${sample}`),
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "true \\ predicted"),
          names.map((name) => h("th", { scope: "col" }, name)), h("th", { scope: "col" }, "found"))),
        h("tbody", {}, names.map((name, i) => h("tr", {}, h("th", { scope: "row" }, name),
          names.map((_, j) => cell(i, j)), h("td", { class: "margin" }, percent(sums[i] ? matrix.data[i * k + i] / sums[i] : NaN))))))));
  }
}
