// Short messages in the corner; errors stay until they are closed.

import { byId, h } from "./dom.js";

const SECONDS = 6;

/** Returns a function that takes the message away. */
export function toast(text, kind = "note") {
  const root = byId("toasts");
  if ([...root.children].some((other) => other.firstChild.textContent === text)) return () => {};
  const close = () => box.remove();
  const box = h("div", { class: `toast ${kind}`, role: kind === "error" ? "alert" : undefined, testid: `toast-${kind}` },
    h("span", {}, text), h("button", { type: "button", "aria-label": "Close this message", onclick: close }, "×"));
  while (root.children.length > 3) root.firstChild.remove();
  root.append(box);
  if (kind !== "error") setTimeout(close, 1000 * SECONDS);
  return close;
}
