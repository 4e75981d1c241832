// @ts-check
// The panels at both sides: always there on wide screens, opened by buttons on narrow ones.

import { byId } from "./dom.js";

const WIDE = matchMedia("(min-width: 900px)");

export class Panels {
  #scrim = byId("scrim", HTMLElement);
  /** @type {{panel: HTMLElement, button: HTMLElement}[]} */
  #pairs = ["side", "people"].map((id) => ({
    panel: byId(id, HTMLElement),
    button: byId(`${id}-button`, HTMLElement),
  }));

  constructor() {
    for (const { panel, button } of this.#pairs) button.addEventListener("click", () => this.open(panel.id));
    this.#scrim.addEventListener("click", () => this.close());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
    });
    WIDE.addEventListener("change", () => this.close());
    this.close();
  }

  /** Shows a panel, and leads the keyboard there. @param {string} id */
  open(id) {
    for (const { panel, button } of this.#pairs) {
      const open = panel.id === id && !WIDE.matches;
      panel.classList.toggle("open", open);
      panel.inert = !open && !WIDE.matches;
      button.setAttribute("aria-expanded", String(open));
      if (panel.id === id) panel.querySelector("button")?.focus();
    }
    this.#scrim.hidden = WIDE.matches;
  }

  close() {
    for (const { panel, button } of this.#pairs) {
      if (panel.contains(document.activeElement) && !WIDE.matches) button.focus();
      panel.classList.remove("open");
      panel.inert = !WIDE.matches;
      button.setAttribute("aria-expanded", "false");
    }
    this.#scrim.hidden = true;
  }
}
