// How it is trained: loss, optimiser, schedule, penalties, seed, when to stop, and a second optimiser.

import { h } from "./dom.js";
import { Panel, readable } from "./panel.js";

/** `losses()` are the losses that fit the present data. */
export function settingsPanel(root, catalogue, store, losses) {
  const optimizers = catalogue.optimizers.map(({ name, title }) => [name, title]);
  const optimizerOf = (name) => catalogue.optimizers.find((entry) => entry.name === name);
  const scheduleOf = (name) => catalogue.schedules.find((entry) => entry.name === name);

  /** Another optimiser keeps the learning rate; the rest starts from its defaults. */
  const renamed = (old, name) => {
    const rate = optimizerOf(name)?.parameters.some((spec) => spec.name === "learning_rate");
    return rate && old?.learning_rate ? { name, learning_rate: old.learning_rate } : { name };
  };

  function optimizer(panel, prefix, title, chosen, read, commit) {
    const entry = optimizerOf(chosen?.name);
    return [
      panel.choice(prefix, title, optimizers, (s) => read(s)?.name,
        (name, field) => commit(renamed(read(store.setup), name), field)),
      formula(entry?.formula, title),
      ...panel.parameters(prefix, entry?.parameters ?? [], read,
        (key, value, field) => commit({ ...read(store.setup), [key]: value }, field)),
    ];
  }

  function schedule(panel, setup) {
    const commit = (value, field) => store.change({ schedule: value }, field);
    const specs = (scheduleOf(setup.schedule.name)?.parameters ?? [])
      .filter((spec) => !["initial", "peak"].includes(spec.name)); // these are the learning rate
    return [
      panel.choice("schedule", "Learning rate over time", catalogue.schedules.map(({ name }) => [name, readable(name)]),
        (s) => s.schedule.name, (name, field) => commit({ name }, field)),
      formula(scheduleOf(setup.schedule.name)?.formula, "Schedule"),
      ...panel.parameters("schedule", specs, (s) => s.schedule,
        (key, value, field) => commit({ ...store.setup.schedule, [key]: value }, field)),
    ];
  }

  const top = (key) => [(s) => s[key], (value, field) => store.change({ [key]: value }, field)];
  const stop = (key, factor = 1) => [
    (s) => (s.stop[key] === null ? null : Number((s.stop[key] * factor).toPrecision(12))),
    (value, field) => store.change({ stop: { ...store.setup.stop, [key]: value === null ? null : Number((value / factor).toPrecision(12)) } }, field),
  ];

  return new Panel(root,
    (s) => [s.optimizer.name, s.schedule.name, s.compare?.optimizer?.name, losses().map((loss) => loss.name)],
    (panel, setup) => [
      panel.choice("loss", "Loss", [[null, "default for the data"], ...losses().map(({ name, title }) => [name, title])],
        ...top("loss")),
      ...optimizer(panel, "optimizer", "Optimiser", setup.optimizer, (s) => s.optimizer,
        (value, field) => store.change({ optimizer: value }, field)),
      ...schedule(panel, setup),
      panel.number("l1", "L1 penalty", { low: 0, high: 1 }, ...top("l1")),
      panel.number("l2", "L2 penalty", { low: 0, high: 1 }, ...top("l2")),
      panel.number("seed", "Seed", { low: 0, integer: true }, ...top("seed")),
      panel.number("stop-epochs", "Stop after epochs", { low: 1, integer: true, optional: true, placeholder: "never" },
        ...stop("epochs")),
      panel.number("stop-accuracy", "Stop at test accuracy, %", { low: 0, high: 100, optional: true, placeholder: "never" },
        ...stop("accuracy", 100)),
      panel.flag("compare", "Compare with a second optimiser", (s) => Boolean(s.compare), (on, field) =>
        store.change({ compare: on ? { optimizer: second(store.setup, catalogue) } : null }, field),
      "A second network starts from the same weights and trains beside the first"),
      ...(setup.compare ? optimizer(panel, "compare-optimizer", "Second optimiser", setup.compare.optimizer,
        (s) => s.compare?.optimizer, (value, field) => store.change({ compare: { optimizer: value } }, field)) : []),
    ].filter(Boolean));
}

const formula = (text, title) =>
  (text ? h("pre", { class: "formula", tabindex: "0", role: "region", "aria-label": `${title}: equations` }, text) : null);

/** The first guess for the second optimiser: SGD, or Adam where the first is SGD. */
function second(setup, catalogue) {
  const names = catalogue.optimizers.map((entry) => entry.name);
  const other = setup.optimizer.name === "sgd" ? "adam" : "sgd";
  return { name: names.includes(other) ? other : names[0], learning_rate: setup.optimizer.learning_rate ?? 0.01 };
}
