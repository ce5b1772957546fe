// The drawing of the network: edges by weight, neurons by their response over the plane.
// Everything that moves is on one canvas; above it lie invisible lines and buttons that take
// the pointer and the keyboard.

import { css, ink, neutral, signedLine } from "./colours.js";
import { fitted, h, keepFocus, svg } from "./dom.js";
import { featureSheet, neuronSheet } from "./heatmap.js";
import { curve, curvePath, isPlane, layout } from "./network_layout.js";

export class NetworkView {
  /** `on`: edge(layer, row, column, element), neuron(layer, unit, element|null),
   *  heads(columns) -> elements, formula(feature) -> text. */
  constructor(root, on) {
    this.on = on;
    this.canvas = h("canvas", { "aria-hidden": "true" });
    this.lines = svg("svg", { class: "edges", "aria-hidden": "true" }); // the button "Weight…" is the way by keyboard
    this.nodes = h("div", { class: "nodes" });
    this.heads = h("div", { class: "heads" });
    this.stage = h("div", { class: "stage" }, this.canvas, this.lines, this.nodes, this.heads);
    this.scroller = h("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": "Network drawing" }, this.stage);
    root.append(this.scroller);
    this.frame = null;
    let width = 0;
    new ResizeObserver(() => {
      if (Math.abs(this.scroller.clientWidth - width) < 2) return;
      width = this.scroller.clientWidth;
      if (this.ready) this.show(this.ready);
    }).observe(this.scroller);
  }

  /** Lay out a new network. */
  show(ready) {
    this.ready = ready;
    this.plan = layout(ready, this.scroller.clientWidth - 2);
    const { columns, width, height } = this.plan;
    this.stage.style.width = `${width}px`;
    this.stage.style.height = `${height}px`;
    this.lines.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.features = columns[0].labels.slice(0, columns[0].nodes.length)
      .map((name) => isPlane(ready) ? this.#copy(featureSheet(name, ready.domain)) : null);
    this.#edges();
    keepFocus(() => {
      this.#buttons();
      this.heads.replaceChildren(...this.on.heads(columns));
    });
    this.redraw();
  }

  /** Heat maps share one scratch canvas: those that stay need their own. */
  #copy(sheet) {
    if (!sheet) return null;
    const canvas = h("canvas", { width: sheet.width, height: sheet.height });
    canvas.getContext("2d").drawImage(sheet, 0, 0);
    return canvas;
  }

  #edges() {
    const { columns, size } = this.plan;
    this.curves = columns.slice(1).map((column, k) =>
      columns[k].nodes.map((from) => column.nodes.map((to) => curve(from, to, size))));
    this.lines.onclick = (event) => {
      const line = event.target.closest("path");
      if (line) this.on.edge(line.dataset.layer, Number(line.dataset.row), Number(line.dataset.column), line);
    };
    this.lines.replaceChildren(...this.curves.flatMap((rows, k) => rows.flatMap((row, i) => row.map((c, j) => svg("path", {
      d: curvePath(c), "data-layer": columns[k + 1].name, "data-row": i, "data-column": j,
      testid: `edge-${columns[k + 1].name}-${i}-${j}`,
    })))));
  }

  #buttons() {
    const buttons = [];
    this.plan.columns.slice(1).forEach((column, k) => column.nodes.forEach((node, j) => {
      const last = k === this.plan.columns.length - 2;
      const names = column.total === 1 ? this.ready.classes?.slice(1) : this.ready.classes;
      const title = last && names ? names[j] : `unit ${j}`;
      const button = h("button", {
        type: "button", class: "neuron", testid: `neuron-${column.name}-${j}`, tabindex: j ? "-1" : "0",
        "aria-label": `${column.name}, ${title}: its bias`, "data-column": k, "data-unit": j,
        onmouseenter: () => this.on.neuron(column.name, j, button), onmouseleave: () => this.on.neuron(null),
        onfocus: () => this.on.neuron(column.name, j, button), onblur: () => this.on.neuron(null),
        onclick: () => this.on.edge(column.name, -1, j, button),
        onkeydown: (event) => this.#walk(event, k, j),
      });
      button.style.left = `${node.x}px`;
      button.style.top = `${node.y}px`;
      buttons.push(button);
      if (last && this.ready.classes) buttons.push(this.#label(String(title), node.x + 21, node.y, "right"));
    }));
    this.plan.columns[0].nodes.forEach((node, i) => buttons.push(
      this.#label(this.on.formula(this.plan.columns[0].labels[i]), node.x - 21, node.y, "left")));
    for (const column of this.plan.columns) {
      if (column.hidden) {
        buttons.push(this.#label(`+ ${column.hidden} more, not drawn`, column.x, this.plan.height - 20, "more"));
      }
    }
    this.nodes.replaceChildren(...buttons);
  }

  #label(text, x, y, kind) {
    const label = h("span", { class: `node-label ${kind}`, title: text }, text);
    label.style.left = `${x}px`;
    label.style.top = `${y}px`;
    return label;
  }

  /** Arrow keys go from neuron to neuron. */
  #walk(event, k, j) {
    const step = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[event.key];
    if (!step) return;
    event.preventDefault();
    const column = this.plan.columns[k + 1 + step[0]];
    if (!column) return;
    const unit = Math.max(0, Math.min(j + step[1], column.nodes.length - 1));
    this.nodes.querySelector(`[data-column="${k + step[0]}"][data-unit="${unit}"]`)?.focus();
  }

  draw(frame) {
    this.frame = frame;
    this.redraw();
  }

  redraw() {
    if (!this.plan) return;
    const { columns, width, height, size } = this.plan;
    const context = fitted(this.canvas, width, height);
    context.clearRect(0, 0, width, height);
    columns.slice(1).forEach((column, k) => this.#drawEdges(context, column.name, k));
    columns.forEach((column, k) => column.nodes.forEach((node, j) => this.#drawNode(context, column, k, j, node, size)));
  }

  #drawEdges(context, name, k) {
    const weights = this.frame?.arrays[`weight:${name}`];
    const rows = this.curves[k];
    const wide = weights?.shape[1] ?? 0;
    let most = 1e-12;
    if (weights) rows.forEach((row, i) => row.forEach((_, j) => { most = Math.max(most, Math.abs(weights.data[i * wide + j]) || 0); }));
    context.lineCap = "round";
    rows.forEach((row, i) => row.forEach((c, j) => {
      const t = weights ? weights.data[i * wide + j] / most : 0;
      const size = Math.abs(t);
      context.strokeStyle = weights && Number.isFinite(t) ? css(signedLine(t), 0.25 + 0.75 * size) : css(ink(), 0.2);
      context.lineWidth = 0.4 + 4.2 * size;
      context.beginPath();
      context.moveTo(c.x0, c.y0);
      context.bezierCurveTo(c.middle, c.y0, c.middle, c.y1, c.x1, c.y1);
      context.stroke();
    }));
  }

  #drawNode(context, column, k, j, node, size) {
    const [left, top] = [node.x - size / 2, node.y - size / 2];
    const heat = this.frame?.arrays[`neurons:${column.name}`];
    context.fillStyle = css(neutral());
    context.fillRect(left, top, size, size);
    let sheet = null;
    if (k === 0) sheet = this.features[j];
    else if (heat && j < heat.shape[0]) sheet = neuronSheet(heat.data, j * heat.shape[1] ** 2, heat.shape[1]);
    if (sheet) context.drawImage(sheet, left, top, size, size);
    context.strokeStyle = css(ink(), 0.7);
    context.lineWidth = 1;
    context.strokeRect(left + 0.5, top + 0.5, size - 1, size - 1);
    const bias = this.frame?.arrays[`bias:${column.name}`]?.data[j];
    if (bias !== undefined) {
      context.fillStyle = css(signedLine(Math.tanh(bias) || 0));
      context.fillRect(left - 3, top + size - 5, 8, 8);
      context.strokeRect(left - 3, top + size - 5, 8, 8);
    }
  }
}
