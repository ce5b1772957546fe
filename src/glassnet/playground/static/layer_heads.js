// The controls above the network: layers and units added and removed, and each layer's menu.

import { h } from "./dom.js";
import { Panel } from "./panel.js";

/** Return heads(columns), which makes the controls above each column. */
export function layerHeads(catalogue, store) {
  const { units: mostUnits, layers: mostLayers } = catalogue.limits;
  const menu = layerMenu(catalogue, store, mostUnits);

  const set = (k, patch, field) => store.change(
    { layers: store.setup.layers.map((layer, i) => (i === k ? { ...layer, ...patch } : layer)) }, field);

  function bar(setup) {
    const remove = (k) => store.change({ layers: store.setup.layers.filter((_, i) => i !== k) });
    const count = setup.layers.length;
    return h("div", { class: "layers-bar" },
      button("layer-remove", "−", "Remove the last hidden layer", count === 0, () => remove(store.setup.layers.length - 1)),
      h("span", { testid: "layer-count" }, `${count} hidden layer${count === 1 ? "" : "s"}`),
      button("layer-add", "+", "Add a hidden layer", count >= mostLayers, () => store.change(
        { layers: [...store.setup.layers, { ...(store.setup.layers.at(-1) ?? store.newLayer) }] })));
  }

  function head(column, k, setup) {
    const layer = setup.layers[k];
    const parts = layer
      ? [h("div", { class: "units" },
        button(`units-minus-${k + 1}`, "−", `One unit less in layer ${k + 1}`, layer.units <= 1, () => set(k, { units: layer.units - 1 })),
        h("span", { testid: `units-${k + 1}` }, String(layer.units)),
        button(`units-plus-${k + 1}`, "+", `One unit more in layer ${k + 1}`, layer.units >= mostUnits, () => set(k, { units: layer.units + 1 }))),
      h("button", {
        type: "button", class: "layer-menu", testid: `layer-menu-${k + 1}`, "aria-haspopup": "dialog",
        title: `Layer ${k + 1}: activation, dropout, batch normalisation, initialiser`,
        onclick: (event) => menu.open(k, event.currentTarget),
      }, `${layer.activation} ▾`),
      h("span", { class: "badges" }, [
        layer.batch_norm ? "batch norm" : null,
        layer.dropout ? `dropout ${layer.dropout}` : null,
      ].filter(Boolean).join(", "))]
      : [h("strong", {}, "Output"), h("span", { class: "badges" }, `${column.total} unit${column.total === 1 ? "" : "s"}`)];
    return place(column.x, ...parts);
  }

  function heads(columns) {
    menu.refresh();
    const { setup } = store;
    const [features, ...rest] = columns;
    return [
      place(features.x, h("strong", {}, "Features"), h("span", { class: "badges" }, String(features.total))),
      ...rest.map((column, k) => head(column, k, setup)),
    ];
  }
  return { heads, bar };
}

function place(x, ...parts) {
  const box = h("div", { class: "head" }, parts);
  box.style.left = `${x}px`;
  return box;
}

const button = (testid, text, label, disabled, onclick) =>
  h("button", { type: "button", class: "small", testid, "aria-label": label, title: label, disabled, onclick }, text);

/** One dialog for all layers: units, activation, dropout, batch normalisation, initialiser, removal. */
function layerMenu(catalogue, store, mostUnits) {
  const body = h("div", { class: "fields" });
  const title = h("h2", {});
  const dialog = h("dialog", { class: "menu", "aria-label": "Layer" }, title, body,
    h("form", { method: "dialog" },
      h("button", { type: "button", testid: "layer-delete", onclick: () => {
        store.change({ layers: store.setup.layers.filter((_, i) => i !== at) });
        dialog.close();
      } }, "Remove this layer"),
      h("button", { testid: "layer-close" }, "Close")));
  document.body.append(dialog);
  let at = 0;
  const read = (key) => (setup) => setup.layers[at]?.[key];
  const commit = (key) => (value, field) => store.change(
    { layers: store.setup.layers.map((layer, i) => (i === at ? { ...layer, [key]: value } : layer)) }, field);
  const named = (entries, none) => [...(none ? [[null, none]] : []), ...entries.map(({ name, formula }) =>
    [name, formula ? `${name}: ${formula}` : name.replaceAll("_", " ")])];
  const panel = new Panel(body, () => [], (p) => [
    p.number("layer-units", "Units", { low: 1, high: mostUnits, integer: true }, read("units"), commit("units")),
    p.choice("layer-activation", "Activation", named(catalogue.activations), read("activation"), commit("activation")),
    p.number("layer-dropout", "Dropout rate", { low: 0, high: 0.9, step: 0.05, slider: true }, read("dropout"), commit("dropout")),
    p.flag("layer-batch-norm", "Batch normalisation", read("batch_norm"), commit("batch_norm")),
    p.choice("layer-initializer", "Initialiser", named(catalogue.initializers, "default for the activation"),
      read("initializer"), commit("initializer")),
  ]);
  return {
    open(k) {
      at = k;
      title.textContent = `Layer ${k + 1}`;
      panel.update(store.setup);
      dialog.showModal();
    },
    refresh() {
      if (dialog.open) panel.update(store.setup);
    },
  };
}
