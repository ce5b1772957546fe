// Panels of fields built from data. A panel is rebuilt only when its structure changes;
// otherwise its fields take the new values in place, so that nobody loses the focus.

import { h, keepFocus, number } from "./dom.js";

let count = 0;
const panels = [];

/** Show a server's error beside the control it names ("optimizer.learning_rate"), or beside `last`; false if neither shows. */
export function failAt(place, message, last) {
  clearErrors();
  const id = place.replace(/^layers\.\d+/, "layer").replaceAll(/[._]/g, "-");
  const names = [id, id.replace(/^data-/, "data-parameter-"), id.replace(/^data-/, "")];
  const fields = panels.flatMap((panel) => panel.fields).filter(({ row }) => row.offsetParent);
  const field = fields.find(({ testid }) => names.includes(testid)) ?? (fields.includes(last) ? last : null);
  field?.fail(message);
  return Boolean(field);
}

export function clearErrors() {
  for (const panel of panels) for (const field of panel.fields) field.fail("");
}

/** "learning_rate" as "Learning rate". */
export const readable = (name) => (name[0].toUpperCase() + name.slice(1)).replaceAll("_", " ");

export class Panel {
  /** `structure(setup)` is a key: what must change for the panel to be rebuilt. */
  constructor(root, structure, build) {
    Object.assign(this, { root, structure, build, key: null, fields: [] });
    panels.push(this);
  }

  update(setup) {
    const key = JSON.stringify(this.structure(setup));
    if (key !== this.key) {
      this.key = key;
      this.fields = [];
      keepFocus(() => this.root.replaceChildren(...this.build(this, setup)));
    }
    for (const field of this.fields) field.refresh(setup);
  }

  #add(testid, label, input, read, extra = {}) {
    const id = `field-${++count}`;
    input.id = id;
    input.dataset.testid = testid;
    const error = h("p", { class: "field-error", id: `${id}-error`, role: "alert", hidden: true });
    const row = h("div", { class: `field ${extra.class ?? ""}` },
      h("label", { for: id, title: extra.help }, label), input, extra.after, error);
    const field = {
      testid,
      row,
      refresh: (setup) => document.activeElement !== input && extra.write?.(read(setup)),
      fail(message) {
        error.textContent = message;
        error.hidden = !message;
        if (message) {
          input.setAttribute("aria-invalid", "true");
          input.setAttribute("aria-describedby", error.id);
        } else {
          input.removeAttribute("aria-invalid");
          input.removeAttribute("aria-describedby");
        }
      },
    };
    this.fields.push(field);
    return field;
  }

  /** A number; with both ends known a slider stands beside it. */
  number(testid, label, spec, read, commit) {
    const { low, high } = spec;
    const integer = spec.integer ?? Number.isInteger(spec.step);
    const step = spec.step ?? "any";
    const input = h("input", {
      type: "number", min: low, max: high, step: "any", inputmode: integer ? "numeric" : "decimal",
      placeholder: spec.optional ? (spec.placeholder ?? "none") : undefined,
    });
    const take = (text) => {
      if (text === "" && !spec.optional) return;
      const value = text === "" ? null : Number(text);
      commit(integer && value !== null ? Math.round(value) : value, field);
    };
    input.addEventListener("change", () => take(input.value));
    let slider = null;
    if (spec.slider) {
      slider = h("input", {
        type: "range", min: low, max: high, step, "aria-label": `${label}, slider`, testid: `${testid}-slider`,
        oninput: () => { input.value = slider.value; },
        onchange: () => take(slider.value),
      });
    }
    const field = this.#add(testid, label, input, read, {
      class: slider ? "with-slider" : "",
      after: slider,
      help: spec.help,
      write: (value) => {
        input.value = value ?? "";
        if (slider && document.activeElement !== slider) slider.value = value ?? low;
      },
    });
    if (!slider && Number.isFinite(low) && Number.isFinite(high)) input.title = `${number(low)} to ${number(high)}`;
    return field.row;
  }

  /** One of several: options are [value, text] pairs. */
  choice(testid, label, options, read, commit, help) {
    const select = h("select", { onchange: () => commit(select.value === "" ? null : select.value, field) },
      options.map(([value, text]) => h("option", { value: value ?? "" }, text)));
    const field = this.#add(testid, label, select, read, { help, write: (value) => { select.value = value ?? ""; } });
    return field.row;
  }

  flag(testid, label, read, commit, help) {
    const box = h("input", { type: "checkbox", onchange: () => commit(box.checked, field) });
    const field = this.#add(testid, label, box, read, {
      class: "flag", help, write: (value) => { box.checked = Boolean(value); },
    });
    return field.row;
  }

  /** Fields for parameters as the catalogue describes them. */
  parameters(prefix, specs, read, commit) {
    return specs.map((spec) => {
      const value = (setup) => read(setup)?.[spec.name] ?? spec.default;
      const set = (chosen, field) => commit(spec.name, chosen, field);
      const [id, label] = [`${prefix}-${spec.name.replaceAll("_", "-")}`, readable(spec.name)];
      if (spec.flag) return this.flag(id, label, value, set);
      if (spec.choices) return this.choice(id, label, spec.choices.map((name) => [name, name]), value, set);
      return this.number(id, label, { ...spec, optional: spec.optional ?? spec.default === null }, value, set);
    });
  }
}
