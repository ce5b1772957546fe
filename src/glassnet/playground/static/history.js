// What the curves show: one entry per epoch, put together from the entries that each frame brings.

const SERIES = ["loss", "val_loss", "accuracy", "val_accuracy"];

export class History {
  constructor() {
    this.series = Object.fromEntries(SERIES.map((name) => [name, []]));
  }

  /** Take the entries from index `from` on; what was known after it is forgotten (rewinding does that). */
  take(part) {
    if (!part) return;
    const from = part.from ?? 0;
    for (const name of SERIES) {
      const kept = this.series[name];
      if (kept.length > from) kept.length = from;
      for (const value of part[name] ?? []) kept.push(value); // one by one: there may be 100,000
    }
  }

  last(name) {
    return this.series[name].at(-1);
  }
}
