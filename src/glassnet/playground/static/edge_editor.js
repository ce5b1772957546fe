// A small window that shows one weight with its gradient and sets it.

import { h, number } from "./dom.js";
import { weightLayers } from "./network_layout.js";

const PAUSE = 500; // milliseconds between two questions while training runs

export class EdgeEditor {
  constructor(root, send) {
    this.send = send;
    this.ready = null;
    this.asked = -Infinity;
    const field = (testid, label, input) => h("label", {}, label, Object.assign(input, { name: testid }));
    const ask = () => this.#ask();
    this.layer = h("select", { testid: "weight-layer", onchange: () => { this.#limits(); ask(); } });
    this.row = h("input", { type: "number", min: -1, value: 0, testid: "weight-row", onchange: ask });
    this.column = h("input", { type: "number", min: 0, value: 0, testid: "weight-column", onchange: ask });
    this.input = h("input", { type: "number", step: "any", testid: "weight-input", required: true });
    this.value = h("output", { testid: "weight-value" }, "–");
    this.gradient = h("output", { testid: "weight-gradient" }, "–");
    this.error = h("p", { class: "field-error", role: "alert", hidden: true });
    this.title = h("h2", { id: "weight-title" }, "Weight");
    const form = h("form", { onsubmit: (event) => { event.preventDefault(); this.#set(); } },
      h("label", {}, "New value", this.input), h("button", { testid: "weight-set" }, "Set"));
    this.dialog = h("dialog", { class: "menu edge-editor", "aria-labelledby": "weight-title", testid: "weight-editor" }, this.title,
      h("div", { class: "triple" }, field("layer", "Layer", this.layer), field("row", "From (−1: bias)", this.row), field("column", "To unit", this.column)),
      h("dl", {}, h("dt", {}, "Value"), h("dd", {}, this.value), h("dt", {}, "Gradient"), h("dd", {}, this.gradient)),
      form, this.error,
      h("button", { type: "button", testid: "weight-close", onclick: () => this.close() }, "Close"));
    this.dialog.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
    this.input.addEventListener("input", () => (this.typed = true)); // kept until it is set
    root.append(this.dialog);
  }

  network(ready) {
    this.ready = ready;
    const chosen = this.layer.value;
    this.layer.replaceChildren(...weightLayers(ready).map(({ name }) => h("option", { value: name }, name)));
    if (weightLayers(ready).some(({ name }) => name === chosen)) this.layer.value = chosen;
    this.#limits();
    if (this.dialog.open) this.#ask();
  }

  open(layer, row, column, near) {
    if (!this.ready) return;
    if (layer) this.layer.value = layer;
    this.row.value = row;
    this.column.value = column;
    this.input.value = "";
    this.typed = false;
    this.#limits();
    this.back = near;
    if (!this.dialog.open) this.dialog.show();
    this.#beside(near);
    this.#ask();
    this.input.focus({ preventScroll: true });
  }

  close() {
    this.dialog.close();
    this.back?.focus?.({ preventScroll: true });
  }

  get place() {
    return { layer: this.layer.value, row: Number(this.row.value), column: Number(this.column.value) };
  }

  #limits() {
    const layers = weightLayers(this.ready);
    const k = layers.findIndex(({ name }) => name === this.layer.value);
    if (k < 0) return;
    this.row.max = (k ? layers[k - 1].units : this.ready.network.features.length) - 1;
    this.column.max = layers[k].units - 1;
  }

  #beside(near) {
    const box = near?.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.dialog;
    if (!box) return;
    const left = Math.max(8, Math.min(box.left + box.width / 2 - width / 2, window.innerWidth - width - 8));
    const top = Math.max(60, Math.min(box.top + box.height / 2 + 30, window.innerHeight - height - 8));
    Object.assign(this.dialog.style, { left: `${left}px`, top: `${top}px`, margin: "0" });
  }

  #ask() {
    const { row, column } = this.place;
    if (row > Number(this.row.max) || column > Number(this.column.max) || row < -1 || column < 0) {
      return this.fail(`There is no such weight: from −1 to ${this.row.max}, to unit 0 to ${this.column.max}.`);
    }
    this.typed = false; // another weight
    this.title.textContent = row < 0 ? `Bias of ${this.place.layer}, unit ${column}` : `Weight of ${this.place.layer}: ${row} → ${column}`;
    this.send({ type: "weight", ...this.place });
  }

  #set() {
    const value = Number(this.input.value);
    if (this.input.value === "" || !Number.isFinite(value)) return this.fail("The value must be a number.");
    this.typed = false;
    this.send({ type: "weight", ...this.place, value });
  }

  fail(message) {
    this.error.textContent = message;
    this.error.hidden = !message;
  }

  /** The server's answer. */
  take(message) {
    const { layer, row, column } = this.place;
    if (message.layer !== layer || message.row !== row || message.column !== column) return;
    this.fail("");
    this.value.textContent = number(message.value, 6);
    this.gradient.textContent = message.gradient === null ? "none yet" : number(message.gradient, 6);
    if (!Number.isFinite(message.value)) return; // a weight that left the finite range comes as null
    if (!this.typed && (document.activeElement !== this.input || this.input.value === "")) this.input.value = Number(message.value.toPrecision(7));
  }

  /** Ask again when the numbers may have moved. */
  refresh(running) {
    if (!this.dialog.open || (running && performance.now() - this.asked < PAUSE)) return;
    this.asked = performance.now();
    this.send({ type: "weight", ...this.place });
  }
}
