// @ts-check
// What must be known before the page is drawn: whether it is light or dark, and whether it is to speak another language.

import { Store } from "./store.js";

/**
 * The appearance is the reader's choice, or what the system says.
 * @param {string} theme "light", "dark" or "" for automatic
 */
export function applyTheme(theme) {
  const dark = { light: "not all", dark: "all" }[theme] ?? "(prefers-color-scheme: dark)";
  const light = { light: "all", dark: "not all" }[theme] ?? "(prefers-color-scheme: light)";
  for (const element of document.querySelectorAll("[data-theme]")) {
    element.setAttribute("media", element.getAttribute("data-theme") === "dark" ? dark : light);
  }
}

const kept = new Store();
applyTheme(kept.get("theme"));
const { lang, dataset } = document.documentElement;
// The server has written the page in the browser's language: not to be seen by who has chosen the other one.
if (!["", lang].includes(kept.get("language"))) dataset.foreign = "";
