// Shortcuts, and the dialog that lists them. None is active while one types or a dialog is open.

import { h } from "./dom.js";

const KEYS = [
  ["Space", "Run or pause"], ["s", "One step (one minibatch)"], ["e", "One epoch"],
  ["r", "Reset to the same first weights"], ["?", "This help"], ["Esc", "Close a window"],
];
const TYPED = "input:not([type=checkbox]):not([type=range]):not([type=file]), textarea, select, [contenteditable]";
const PRESSED = "button, summary, a, input, select, [role=button], [role=tab]"; // space means something else there

export function helpDialog() {
  const dialog = h("dialog", { class: "menu", "aria-labelledby": "help-title", testid: "help-dialog" },
    h("h2", { id: "help-title" }, "Help"),
    h("p", {}, "Every control works with the keyboard. These keys are shortcuts; they rest while you type."),
    h("table", {}, h("tbody", {}, KEYS.map(([key, what]) => h("tr", {}, h("th", { scope: "row" }, h("kbd", {}, key)), h("td", {}, what))))),
    h("p", {}, "Filled marks are training points, outlined ones test points. Orange is below 0, blue above. The set-up is kept in the address: copy the link to share it."),
    h("p", {}, "The optimiser's numbers, the schedule and the stop conditions change under way; any other control builds the network anew, at epoch 0. What a link opens is the set-up, not the trained weights; export the model to keep those."),
    h("form", { method: "dialog" }, h("button", { testid: "help-close" }, "Close")));
  document.body.append(dialog);
  return dialog;
}

/** `actions`: {" ": f, s: f, ...} */
export function shortcuts(actions) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.repeat) return;
    if (event.target.closest?.(TYPED) || event.target.closest?.("dialog") || document.querySelector("dialog:modal")) return;
    if (event.key === " " && event.target.closest?.(PRESSED)) return;
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
