// Light or dark: the system's choice, or the one made here and kept in localStorage.

const KEY = "glassnet-theme";
const system = window.matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set();

function stored() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // storage may be switched off
  }
}

let chosen = stored();

export const isDark = () => (chosen ? chosen === "dark" : system.matches);

/** Call `listener` whenever the colours change. */
export const onTheme = (listener) => listeners.add(listener);

function apply() {
  document.documentElement.dataset.theme = isDark() ? "dark" : "light";
  for (const listener of listeners) listener();
}

export function toggleTheme() {
  chosen = isDark() ? "light" : "dark";
  try {
    localStorage.setItem(KEY, chosen);
  } catch {
    // not kept, then
  }
  apply();
}

system.addEventListener("change", apply);
apply();
