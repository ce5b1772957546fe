// The bar at the top: running, stepping, rewinding, the numbers, and the menus.

import { h, number, percent } from "./dom.js";
import { lessonLink } from "./lessons.js";
import { toggleTheme } from "./theme.js";

const PATIENCE = 5000; // milliseconds that a click on Run or Pause may wait for its frame

export class TopBar {
  /** `act`: send(message), share(), picture(), exportFile(kind), openLesson(number), help(). */
  constructor(root, act) {
    this.act = act;
    this.running = false;
    this.most = 0;
    const button = (testid, text, title, onclick) => h("button", { type: "button", testid, title, onclick }, text);
    this.run = h("button", { type: "button", testid: "run", class: "primary", title: "Run or pause (space)", onclick: () => this.toggle() }, "▶ Run");
    this.step = button("step", "Step", "One minibatch (s)", () => this.#once("step"));
    this.epoch = button("epoch", "Epoch", "One pass over the training data (e)", () => this.#once("epoch"));
    this.rewind = h("input", {
      type: "range", min: 0, max: 0, value: 0, step: 1, testid: "rewind", "aria-label": "Rewind to epoch",
      oninput: () => { this.target.value = this.rewind.value; this.dragging = true; },
      onchange: () => { this.dragging = false; this.#rewind(this.rewind.value); },
    });
    this.target = h("input", {
      type: "number", min: 0, max: 0, value: 0, testid: "rewind-epoch", "aria-label": "Epoch to rewind to",
      onchange: () => this.#rewind(this.target.value),
    });
    this.again = button("reset-same", "Reset, same weights", "Start again from the same first weights (r)", () => act.send({ type: "reset", weights: "same" }));
    this.values = {};
    root.append(
      h("h1", {}, "glassnet ", h("span", {}, "playground")),
      h("div", { class: "group run-group", role: "group", "aria-label": "Training" }, this.run, this.step, this.epoch),
      h("div", { class: "group rewind", role: "group", "aria-label": "Rewind" }, h("span", { "aria-hidden": "true" }, "Rewind"), this.rewind, this.target),
      h("div", { class: "group", role: "group", "aria-label": "Reset" },
        this.again,
        button("reset-new", "New weights", "Start again from new first weights (the seed goes up by one)", () => act.send({ type: "reset", weights: "new" }))),
      h("dl", { class: "readout" },
        this.#value("epoch-number", "Epoch"), this.#value("step-number", "Step"),
        this.#value("loss-train", "Train loss"), this.#value("loss-test", "Test loss"),
        this.#value("accuracy-train", "Train accuracy"), this.#value("accuracy-test", "Test accuracy"),
        this.#value("steps-per-second", "Steps/s")),
      h("div", { class: "group", role: "group", "aria-label": "More" },
        h("button", { type: "button", testid: "lessons", popovertarget: "lessons-menu" }, "Lessons ▾"),
        h("button", { type: "button", testid: "export", popovertarget: "export-menu" }, "Export ▾"),
        button("share", "Copy link", "Copy a link to this set-up", () => act.share()),
        button("theme", "◐", "Light or dark", toggleTheme),
        button("help", "?", "Help and keyboard shortcuts (?)", () => act.help())));
    root.querySelector('[data-testid="theme"]').setAttribute("aria-label", "Light or dark colours");
    root.querySelector('[data-testid="help"]').setAttribute("aria-label", "Help");
    this.needsNetwork = root.querySelectorAll(".run-group button, .rewind input, [data-testid^=reset-]");
    this.reset(false);
    this.lessons = h("ol", {});
    this.exportMenu = h("div", { popover: "auto", id: "export-menu", class: "popup" },
      button("export-script", "Python script", "A script that repeats this run", () => this.#export("script")),
      button("export-model", "Model file", "The weights as they are now (safetensors)", () => this.#export("model")),
      button("export-onnx", "ONNX file", "For other programs", () => this.#export("onnx")),
      button("export-picture", "Picture (PNG)", "Surface, network and curves", () => { this.exportMenu.hidePopover(); act.picture(); }));
    this.lessonMenu = h("div", { popover: "auto", id: "lessons-menu", class: "popup" }, this.lessons);
    document.body.append(this.exportMenu, this.lessonMenu);
    for (const menu of [this.exportMenu, this.lessonMenu]) {
      menu.addEventListener("toggle", () => this.#below(root, menu));
    }
  }

  #value(testid, label) {
    this.values[testid] = h("dd", { testid }, "–");
    return h("div", {}, h("dt", {}, label), this.values[testid]);
  }

  #below(root, menu) {
    const opener = root.querySelector(`[popovertarget="${menu.id}"]`).getBoundingClientRect();
    menu.style.top = `${opener.bottom + 4}px`;
    menu.style.left = `${Math.max(8, Math.min(opener.left, window.innerWidth - menu.offsetWidth - 8))}px`;
  }

  #export(kind) {
    this.exportMenu.hidePopover();
    this.act.exportFile(kind);
  }

  /** Links, so that one can be copied or opened in a tab of its own. */
  showLessons(lessons) {
    const open = (number) => (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.lessonMenu.hidePopover();
      this.act.openLesson(number);
    };
    this.lessons.replaceChildren(...lessons.map(({ title }, i) => h("li", {},
      h("a", { href: lessonLink(i + 1), testid: `lesson-${i + 1}`, onclick: open(i + 1) }, title))));
  }

  toggle() {
    if (this.run.disabled) return;
    this.act.send({ type: this.running ? "pause" : "run" });
    this.asked = { running: !this.running, at: performance.now() };
    this.#show(!this.running);
  }

  #once(type) {
    this.asked = null; // it pauses
    this.act.send({ type });
  }

  #rewind(value) {
    if (value === "") return;
    const epoch = Math.max(0, Math.min(Math.round(Number(value)), this.most));
    if (!Number.isFinite(epoch)) return;
    this.act.send({ type: "rewind", epoch });
    this.asked = { running: false, at: performance.now() }; // the server pauses
    this.#show(false);
  }

  #show(running) {
    this.running = running;
    const text = running ? "❚❚ Pause" : "▶ Run";
    if (this.run.textContent !== text) this.run.textContent = text;
  }

  /** A new network, or none (yet). */
  reset(present) {
    this.most = 0;
    this.asked = null;
    this.#show(false);
    for (const control of this.needsNetwork) control.disabled = !present;
  }

  draw({ header }, history, isClasses) {
    // A frame made before the server heard of the last click says nothing about it.
    const { asked } = this;
    if (asked && (header.running === asked.running || header.stopped || performance.now() - asked.at > PATIENCE)) this.asked = null;
    if (!this.asked) this.#show(header.running);
    this.most = header.epoch; // rewinding forgets what came later
    this.rewind.max = this.target.max = this.most;
    if (!this.dragging && (document.activeElement !== this.rewind || header.running)) this.rewind.value = header.epoch;
    if (document.activeElement !== this.target) this.target.value = header.epoch;
    const set = (testid, text) => {
      if (this.values[testid].textContent !== text) this.values[testid].textContent = text;
    };
    set("epoch-number", String(header.epoch));
    set("step-number", String(header.step));
    set("loss-train", number(history.last("loss") ?? header.loss));
    set("loss-test", number(history.last("val_loss")));
    set("accuracy-train", isClasses ? percent(history.last("accuracy")) : "–");
    set("accuracy-test", isClasses ? percent(history.last("val_accuracy")) : "–");
    set("steps-per-second", header.running ? String(Math.round(header.steps_per_second ?? 0)) : "–");
  }
}
