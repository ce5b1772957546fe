// The set-up: what the page asks the server to build. It lives in the address, so that a link shares it.

export const DEFAULTS = Object.freeze({
  data: { name: "spiral", noise: 0.1, n: 300, classes: 3, upload: null, target: null },
  train_share: 0.8,
  batch_size: 32,
  features: ["x", "y"],
  layers: [{ units: 16, activation: "relu", initializer: null, batch_norm: false, dropout: 0 }],
  loss: null,
  optimizer: { name: "adam", learning_rate: 0.01 },
  schedule: { name: "constant" },
  l1: 0,
  l2: 0,
  seed: 0,
  data_seed: 0,
  stop: { epochs: null, accuracy: null },
  compare: null,
});

export const NEW_LAYER = Object.freeze({ ...DEFAULTS.layers[0], units: 8 });
const MERGED = ["data", "stop"]; // these are filled up key by key, the others are replaced whole
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** Fill up a partial set-up with the defaults. */
export function complete(partial) {
  const setup = structuredClone(DEFAULTS);
  for (const [key, value] of Object.entries(partial ?? {})) {
    if (!(key in DEFAULTS) || value === undefined) continue;
    setup[key] = MERGED.includes(key) ? { ...setup[key], ...value } : structuredClone(value);
  }
  setup.layers = setup.layers.map((layer) => ({ ...NEW_LAYER, ...layer }));
  return setup;
}

/** Keep only what differs from the defaults. */
export function difference(setup) {
  const kept = {};
  for (const [key, value] of Object.entries(setup)) {
    if (!(key in DEFAULTS) || same(value, DEFAULTS[key])) continue;
    kept[key] = MERGED.includes(key)
      ? Object.fromEntries(Object.entries(value).filter(([k, v]) => !same(v, DEFAULTS[key][k])))
      : value;
  }
  return kept;
}

export function toFragment(setup) {
  const kept = difference(setup);
  return Object.keys(kept).length ? `#${encodeURIComponent(JSON.stringify(kept))}` : "";
}

/** Read a fragment; null if it is not a set-up. */
export function fromFragment(fragment) {
  if (fragment.length < 2) return {};
  try {
    const read = JSON.parse(decodeURIComponent(fragment.slice(1)));
    return read && typeof read === "object" && !Array.isArray(read) ? read : null;
  } catch {
    return null;
  }
}

export class Store {
  /** `onChange(setup, field)` is called for every change that the server must hear of. */
  constructor(onChange) {
    this.onChange = onChange;
    this.setup = complete({});
    window.addEventListener("popstate", () => this.fromAddress());
  }

  /** At the start: from the address, or the set-up of a lesson that the address names. */
  startFrom(partial) {
    const read = partial ?? fromFragment(location.hash);
    this.unreadable = read === null;
    this.setup = complete(read);
  }

  /** On the back button. */
  fromAddress() {
    this.setup = complete(fromFragment(location.hash));
    this.onChange(this.setup, null);
  }

  /** Change top-level keys by hand of the user: a new entry in the browser's history. */
  change(patch, field = null) {
    this.open({ ...this.setup, ...patch }, field);
  }

  /** Replace the whole set-up. */
  open(partial, field = null) {
    this.setup = complete(partial);
    const address = location.pathname + toFragment(this.setup);
    if (address !== location.pathname + location.hash) history.pushState(null, "", address);
    this.onChange(this.setup, field);
  }

  /** What the server made of it (a new seed, say): the same entry in the browser's history. */
  adopt(partial) {
    this.setup = complete(partial);
    history.replaceState(null, "", location.pathname + toFragment(this.setup));
  }
}
