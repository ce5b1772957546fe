// The guided lessons: a few sentences and a set-up each.

import { h } from "./dom.js";

export class Lessons {
  constructor(root, lessons, open) {
    Object.assign(this, { root, lessons, openSetup: open, at: null });
  }

  open(index) {
    if (!this.lessons[index]) return;
    this.show(index);
    this.openSetup(this.lessons[index]);
  }

  /** Show the text alone. */
  show(index) {
    const lesson = this.lessons[index];
    if (!lesson) return;
    this.at = index;
    const text = Array.isArray(lesson.text) ? lesson.text : String(lesson.text ?? "").split(/\n\s*\n/);
    const go = (to) => () => { this.open(to); this.root.querySelector("h2").focus(); };
    this.root.replaceChildren(
      h("div", { class: "head-row" },
        h("h2", { tabindex: "-1", testid: "lesson-title" }, `Lesson ${index + 1} of ${this.lessons.length}: ${lesson.title}`),
        h("div", { class: "group" },
          h("button", { type: "button", testid: "lesson-previous", disabled: index === 0, onclick: go(index - 1) }, "Previous"),
          h("button", { type: "button", testid: "lesson-next", disabled: index === this.lessons.length - 1, onclick: go(index + 1) }, "Next"),
          h("button", { type: "button", testid: "lesson-restart", onclick: () => this.openSetup(lesson) }, "Set up again"),
          h("button", { type: "button", testid: "lesson-close", onclick: () => this.close() }, "Close"))),
      ...text.map((paragraph) => h("p", {}, paragraph)));
    this.root.hidden = false;
  }

  close() {
    this.root.hidden = true;
    this.at = null;
  }
}
