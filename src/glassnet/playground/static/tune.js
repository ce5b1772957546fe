// Which changes a training takes in its stride: the optimiser's numbers, the schedule, when to stop.

import { same } from "./state.js";

const UNDER_WAY = ["optimizer", "schedule", "stop", "compare"];
const SHAPING = ["centered", "averaged", "initial_accumulator"]; // they change what an optimiser remembers

/** The keys to send so that a running set-up becomes the wanted one; null where the network must be built anew. */
export function tuning(running, wanted, catalogue) {
  const changed = Object.keys(wanted).filter((key) => !same(running[key], wanted[key]));
  const kept = changed.every((key) => UNDER_WAY.includes(key))
    && remembersAlike(running.optimizer, wanted.optimizer, catalogue)
    && remembersAlike(running.compare?.optimizer, wanted.compare?.optimizer, catalogue);
  return kept ? Object.fromEntries(changed.map((key) => [key, wanted[key]])) : null;
}

/** Whether the second optimiser can go on with the first one's running means. */
function remembersAlike(one, other, catalogue) {
  if (one?.name !== other?.name) return false;
  const specs = catalogue.optimizers.find(({ name }) => name === one?.name)?.parameters ?? [];
  const value = (optimizer, spec) => optimizer[spec.name] ?? spec.default;
  return specs.every((spec) => {
    if (spec.name === "momentum") return Boolean(value(one, spec)) === Boolean(value(other, spec));
    return !SHAPING.includes(spec.name) || value(one, spec) === value(other, spec);
  });
}
