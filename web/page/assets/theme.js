// @ts-check
// Light or dark. Loaded before the page is drawn, so that nobody is dazzled by the wrong one.

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
