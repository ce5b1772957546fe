// Numbers by name over the steps: thinned out when there are many, cut back when training is rewound.

const MOST = 800;

export class Trail {
  steps = [];
  values = {};

  take(step, numbers = {}) {
    const entries = Object.entries(numbers);
    const later = this.steps.findIndex((known) => known > step || (known === step && entries.length > 0));
    if (later >= 0) this.#each((list) => list.slice(0, later));
    if (!entries.length) return;
    this.steps.push(step);
    for (const [name, value] of entries) (this.values[name] ??= []).push(value);
    if (this.steps.length > MOST) this.#each((list) => list.filter((_, i) => i % 2 || i === list.length - 1));
  }

  #each(shorter) {
    this.steps = shorter(this.steps);
    for (const name of Object.keys(this.values)) this.values[name] = shorter(this.values[name]);
  }
}
