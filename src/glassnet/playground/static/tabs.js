// Tabs after the ARIA pattern: arrow keys move, one panel shows, only the open one is drawn.

import { h } from "./dom.js";

export class Tabs {
  /** `entries`: [{name, title, make(root) -> view}]; `onOpen(view)` when another one shows. */
  constructor(root, entries, onOpen) {
    this.onOpen = onOpen;
    this.entries = entries.map(({ name, title, make }) => {
      const panel = h("div", { role: "tabpanel", id: `panel-${name}`, "aria-labelledby": `tab-${name}`, tabindex: "0", hidden: true });
      const tab = h("button", {
        type: "button", role: "tab", id: `tab-${name}`, testid: `tab-${name}`, "aria-controls": `panel-${name}`,
        onclick: () => this.open(name), onkeydown: (event) => this.#walk(event, name),
      }, title);
      return { name, tab, panel, view: make(panel) };
    });
    root.append(h("div", { role: "tablist", "aria-label": "More views" }, this.entries.map(({ tab }) => tab)),
      ...this.entries.map(({ panel }) => panel));
    this.open(entries[0].name);
  }

  open(name) {
    for (const entry of this.entries) {
      const chosen = entry.name === name;
      entry.tab.setAttribute("aria-selected", String(chosen));
      entry.tab.tabIndex = chosen ? 0 : -1;
      entry.panel.hidden = !chosen;
      if (chosen) this.current = entry.view;
    }
    this.onOpen(this.current);
  }

  #walk(event, name) {
    const at = this.entries.findIndex((entry) => entry.name === name);
    const n = this.entries.length;
    const to = { ArrowRight: (at + 1) % n, ArrowLeft: (at + n - 1) % n, Home: 0, End: n - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.open(this.entries[to].name);
    this.entries[to].tab.focus();
  }

  get views() {
    return this.entries.map(({ view }) => view);
  }
}
