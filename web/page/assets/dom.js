// @ts-check
// Small helpers to find and make elements. Text goes in as text nodes only.

/** @typedef {Record<string, string | number | boolean | null | ((event: any) => void)>} Properties */

const SVG = "http://www.w3.org/2000/svg";

/**
 * The page's own element with this id; an error when the page has none of that kind.
 * @template {Element} T
 * @param {string} id
 * @param {new () => T} kind
 * @returns {T}
 */
export function byId(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${kind.name} #${id}`);
  return found;
}

/**
 * A new element. Properties that are functions are event listeners; null and false are left out.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Properties} [properties]
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children);
  return element;
}

/**
 * A picture of the page's set, in the colour of the text around it.
 * @param {string} name
 */
export function icon(name) {
  const picture = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  picture.setAttribute("class", "icon");
  picture.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#icon-${name}`);
  picture.append(use);
  return picture;
}

/**
 * Fills in the page's fixed texts: data-text names that of an element, data-name its accessible name,
 * data-label its accessible name and tooltip. The server has done the same for the language that the browser asks for.
 * @param {import("./i18n.js").I18n} i18n
 */
export function label(i18n) {
  document.documentElement.lang = i18n.language;
  delete document.documentElement.dataset.foreign;
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = i18n.text(element.getAttribute("data-text") ?? "");
  }
  for (const element of document.querySelectorAll("[data-name]")) {
    element.setAttribute("aria-label", i18n.text(element.getAttribute("data-name") ?? ""));
  }
  for (const element of document.querySelectorAll("[data-label]")) {
    const text = i18n.text(element.getAttribute("data-label") ?? "");
    element.setAttribute("aria-label", text);
    element.setAttribute("title", text);
  }
}
