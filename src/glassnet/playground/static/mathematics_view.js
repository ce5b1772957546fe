// The current minibatch through every layer, forward and backward: formula, shapes and numbers.

import { css, signed } from "./colours.js";
import { h, number } from "./dom.js";

const PAUSE = 1000; // milliseconds between two questions while training runs

export class MathematicsView {
  wants = [];

  constructor(root, send) {
    this.send = send;
    this.rows = h("input", {
      type: "text", inputmode: "numeric", placeholder: "the last minibatch", testid: "mathematics-rows", size: 16,
      onchange: () => this.ask(),
    });
    this.error = h("p", { class: "field-error", role: "alert", hidden: true, testid: "mathematics-error" });
    this.body = h("div", { testid: "mathematics" }, h("p", { class: "hint" }, "Asking for the numbers …"));
    root.append(h("div", { class: "row" },
      h("label", {}, "Training rows, such as 0, 3, 5 ", this.rows),
      h("button", { type: "button", testid: "mathematics-refresh", onclick: () => this.ask() }, "Refresh")), this.error, this.body);
    this.last = 0;
  }

  show() {
    this.last = -Infinity;
  }

  ask() {
    this.last = performance.now();
    const parts = this.rows.value.split(/[\s,;]+/).filter(Boolean);
    const wrong = parts.find((part) => !/^\d+$/.test(part));
    if (wrong !== undefined) {
      this.fail(`“${wrong}” is no row: write whole numbers from 0 on, such as 0, 3, 5, or nothing for the last minibatch.`);
      return;
    }
    this.send({ type: "mathematics", rows: parts.length ? parts.map(Number) : null });
  }

  /** A frame came while this view is open: the network has moved, or a weight was set. */
  draw({ header }) {
    if (header.running && performance.now() - this.last < PAUSE) return;
    this.ask();
  }

  /** Say what is wrong with the rows; the numbers of before stay. */
  fail(message) {
    this.error.textContent = message;
    this.error.hidden = !message;
    this.rows.setAttribute("aria-invalid", String(Boolean(message)));
  }

  take({ steps, loss, loss_name: name, n_rows: n, targets, outputs, output_gradient: gradient }) {
    this.fail("");
    this.body.replaceChildren(
      h("p", {}, `Loss of these ${n ?? ""} rows${name ? ` (${name})` : ""}: `, h("strong", {}, number(loss, 6))),
      h("p", { class: "hint" }, "At most 8 rows and 8 columns of each array are shown; its full shape stands beside the name. The underline is orange below 0, blue above."),
      ...steps.map((step) => h("section", { class: "math-step" },
        h("h3", {}, step.layer, h("span", { class: "shape" }, ` ${step.description ?? ""}`)),
        h("pre", { class: "formula" }, step.formula ?? ""),
        part("Forward", step, (name) => !isGradient(name)),
        part("Backward", step, isGradient))),
      h("section", { class: "math-step" }, h("h3", {}, "Loss"), h("div", { class: "arrays" },
        [["outputs", outputs], ["targets", targets], ["gradient of the outputs", gradient]]
          .filter(([, values]) => values).map(([title, values]) => matrix(title, null, values)))));
  }
}

const isGradient = (name) => /^d[a-zA-Z_]/.test(name);

/** The arrays of one direction. */
function part(title, step, belongs) {
  const arrays = Object.entries(step.arrays ?? {}).filter(([name]) => belongs(name));
  if (!arrays.length) return null;
  return h("div", {}, h("h4", {}, title), h("div", { class: "arrays" }, arrays.map(([name, values]) =>
    matrix(name, step.shapes?.[name], values, step.formulas?.[name]))));
}

/** An array as a table; what does not fit is told by its shape. */
function matrix(name, shape, values, formula) {
  const rows = Array.isArray(values) ? values.map((row) => (Array.isArray(row) ? row : [row])) : [[values]];
  const most = rows.flat().reduce((a, b) => Math.max(a, Math.abs(b) || 0), 1e-12);
  const told = shape ? ` (${shape.join(" × ")})` : "";
  const wide = shape?.at(-1) > rows[0].length;
  const long = shape?.length > 1 && shape[0] > rows.length;
  return h("div", { class: "scroller" }, h("table", { class: "matrix" }, h("caption", {}, name, h("span", { class: "shape" }, told), formula && formula !== name ? h("code", {}, `${name} = ${formula}`) : null),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map((value) => h("td", {
      style: typeof value === "number" ? `box-shadow: inset 0 -3px 0 ${css(signed(value / most))}` : undefined,
    }, typeof value === "number" ? number(value, 4) : String(value ?? "–"))), wide ? h("td", {}, "…") : null)),
    long ? h("tr", {}, h("td", {}, "⋮")) : null)));
}
