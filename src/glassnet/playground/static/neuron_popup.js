// The enlarged response of the neuron under the pointer (or the focus).

import { fitted, h, number } from "./dom.js";
import { valueSheet } from "./heatmap.js";

const SIDE = 200;

export class NeuronPopup {
  constructor(root, send) {
    this.send = send;
    this.canvas = h("canvas", { "aria-hidden": "true" });
    this.caption = h("p", {});
    this.box = h("div", { class: "neuron-popup", role: "tooltip", hidden: true, testid: "neuron-popup" }, this.canvas, this.caption);
    root.append(this.box);
    this.wanted = null;
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.show(null));
  }

  /** Show a unit's response beside the element `near`; null hides it. */
  show(layer, unit, near) {
    clearTimeout(this.timer);
    if (!layer) {
      this.wanted = null;
      this.box.hidden = true;
      return;
    }
    this.wanted = { layer, unit };
    this.timer = setTimeout(() => {
      const box = near.getBoundingClientRect();
      const right = box.right + SIDE + 40 < window.innerWidth ? box.right + 12 : Math.max(8, box.left - SIDE - 30);
      this.box.style.left = `${right}px`;
      this.box.style.top = `${Math.max(8, Math.min(box.top - 80, window.innerHeight - SIDE - 70))}px`;
      this.send({ type: "neuron", layer, unit, grid: 100 });
    }, 150);
  }

  /** The unit's answers over the plane, row 0 the lowest y. */
  take({ layer, unit }, { data, shape }) {
    if (this.wanted?.layer !== layer || this.wanted.unit !== unit) return;
    const [low, high] = data.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [Infinity, -Infinity]);
    const context = fitted(this.canvas, SIDE, SIDE);
    context.drawImage(valueSheet(data, shape[1], shape[0], 0, Math.max(-low, high, 1e-12)), 0, 0, SIDE, SIDE);
    this.caption.textContent = `${layer}, unit ${unit}: from ${number(low, 3)} to ${number(high, 3)}. Orange is below 0, blue above.`;
    this.box.hidden = false;
  }
}
