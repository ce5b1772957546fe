// What the network learns from: the data, its noise and size, the split, and which features it sees.

import { h } from "./dom.js";
import { named } from "./axes.js";
import { icon } from "./icons.js";
import { Panel, readable } from "./panel.js";
import { uploadField } from "./upload.js";

const LABELS = { n: "Points", noise: "Noise", classes: "Classes" };

export function dataPanel(root, catalogue, store, uploads, toast) {
  const known = (name) => catalogue.data.find((entry) => entry.name === name);
  const setData = (patch, field) => store.change({ data: { ...store.setup.data, ...patch } }, field);

  function choose(name) {
    const entry = known(name);
    const data = { ...store.setup.data, name, upload: null, target: null, task: "auto" };
    const classes = entry.parameters.find((spec) => spec.name === "classes");
    if (classes) data.classes = classes.default;
    const patch = { data };
    if (lossGroup(known(store.setup.data.name)) !== lossGroup(entry)) patch.loss = null;
    store.change(patch);
  }

  function pictures(setup) {
    return h("div", { class: "pictures", role: "group", "aria-label": "Data sets" },
      catalogue.data.map((entry) => h("button", {
        type: "button", "aria-pressed": String(!setup.data.upload && entry.name === setup.data.name), class: "picture",
        testid: `data-${entry.name}`, onclick: () => choose(entry.name),
        title: `${entry.title} (${entry.kind.endsWith("values") ? "values" : "classes"})`,
      }, icon(entry), h("span", {}, entry.title))));
  }

  return new Panel(root, (setup) => [setup.data.name, setup.data.upload, setup.data.target, uploads.size],
    (panel, setup) => {
      const entry = known(setup.data.name);
      const rows = [pictures(setup)];
      for (const spec of setup.data.upload ? [] : (entry?.parameters ?? [])) {
        rows.push(panel.number(`data-parameter-${spec.name}`, LABELS[spec.name] ?? readable(spec.name),
          { ...spec, slider: true }, (s) => s.data[spec.name] ?? spec.default,
          (value, field) => setData({ [spec.name]: value }, field)));
      }
      rows.push(
        panel.number("train-share", "Train share", { low: 0.1, high: 0.9, step: 0.05, slider: true },
          (s) => s.train_share, (value, field) => store.change({ train_share: value }, field)),
        panel.number("batch-size", "Batch size", { low: 1, high: 512, step: 1, slider: true },
          (s) => s.batch_size, (value, field) => store.change({ batch_size: value }, field)),
        h("button", {
          type: "button", testid: "new-points", title: "Draw the points and the split anew",
          onclick: () => store.change({ data_seed: store.setup.data_seed + 1 }),
        }, "New points"),
        ...uploadField(panel, store, uploads, toast),
      );
      return rows;
    });
}

export const lossGroup = (entry) => (entry?.kind ?? "").split("-").at(-1);

/** Which functions of the two coordinates the network sees; tables bring their own columns. `ready()` is the server's answer. */
export function featuresPanel(root, catalogue, store, isPlane, ready) {
  const columns = () => ready()?.network.features ?? [];
  return new Panel(root, (setup) => [isPlane(setup), columns(), isPlane(setup) && setup.features, ready()?.axes],
    (_panel, setup) => {
      if (!isPlane(setup)) {
        const names = columns();
        const shown = names.slice(0, 12).join(", ");
        return [h("p", { class: "hint" }, names.length
          ? `The table's ${names.length} columns: ${shown}${names.length > 12 ? ", …" : ""}`
          : "The table's columns.")];
      }
      const toggle = (name) => {
        const chosen = new Set(store.setup.features);
        if (!chosen.delete(name)) chosen.add(name);
        if (!chosen.size) return;
        store.change({ features: catalogue.features.map((f) => f.name).filter((f) => chosen.has(f)) });
      };
      return [h("div", { class: "chips", role: "group", "aria-label": "Features" },
        catalogue.features.map(({ name, formula }) => h("button", {
          type: "button", class: "chip", "aria-pressed": String(setup.features.includes(name)),
          testid: `feature-${name}`, onclick: () => toggle(name),
        }, named(formula, ready())))),
      h("p", { class: "hint" }, "At least one feature stays chosen.")];
    });
}
