// The guided lessons: a few sentences and a set-up each; every one has an address of its own.

import { h } from "./dom.js";

export const lessonLink = (number) => `#lesson=${number}`;

export class Lessons {
  constructor(root, store) {
    Object.assign(this, { root, store });
    this.show(store.lesson);
  }

  /** Show the text of lesson 1, 2, ..., or none. */
  show(number) {
    this.root.hidden = !number;
    if (!number) return;
    const { lessons } = this.store;
    const { title, text } = lessons[number - 1];
    const button = (testid, label, onclick, disabled = false) => h("button", { type: "button", testid, disabled, onclick }, label);
    const go = (to) => () => {
      this.store.openLesson(to);
      this.root.querySelector("h2").focus();
    };
    this.root.replaceChildren(
      h("div", { class: "head-row" },
        h("h2", { tabindex: "-1", testid: "lesson-title" }, `Lesson ${number} of ${lessons.length}: ${title}`),
        h("div", { class: "group" },
          h("a", { href: lessonLink(number), testid: "lesson-link", title: "The address of this lesson, to be copied" }, "Link"),
          button("lesson-previous", "Previous", go(number - 1), number === 1),
          button("lesson-next", "Next", go(number + 1), number === lessons.length),
          button("lesson-restart", "Set up again", go(number)),
          button("lesson-close", "Close", () => this.store.closeLesson()))),
      ...text.map((paragraph) => h("p", {}, paragraph)));
  }
}
