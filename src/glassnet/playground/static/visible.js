// Tells the server which views are on the screen: only these are computed and sent.

import { byId } from "./dom.js";

const GRID = 50;
const NEURON_GRID = 20;

/** `areas`: element id -> what it wants (a list, or a function that gives one). Returns the sender. */
export function watchVisible(areas, send) {
  const seen = new Set(Object.keys(areas));
  let last = "";
  const tell = () => {
    const want = Object.entries(areas).filter(([id]) => seen.has(id))
      .flatMap(([, wants]) => (typeof wants === "function" ? wants() : wants));
    const message = { type: "views", grid: GRID, neuron_grid: NEURON_GRID, want };
    const text = JSON.stringify(message);
    if (text !== last && send(message)) last = text;
  };
  tell.forget = () => { last = ""; };
  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) seen[isIntersecting ? "add" : "delete"](target.id);
    tell();
  }, { rootMargin: "100px" });
  for (const id of Object.keys(areas)) observer.observe(byId(id));
  return tell;
}
