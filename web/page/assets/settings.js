// @ts-check
// The page's few settings: language and appearance. On narrow screens they open from a button.

import { byId } from "./dom.js";
import { applyTheme } from "./theme.js";

export class Settings {
  #panel = byId("settings", HTMLElement);
  #button = byId("settings-button", HTMLButtonElement);

  /**
   * @param {{language: string, theme: string}} current
   * @param {{language: (value: string) => void, theme: (value: string) => void}} changed
   */
  constructor(current, changed) {
    this.#choose("language", current.language, changed.language);
    this.#choose("theme", current.theme, (theme) => {
      applyTheme(theme);
      changed.theme(theme);
    });
    this.#button.addEventListener("click", () => this.#open(this.#panel.hidden === true));
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || this.#panel.hidden) return;
      this.#open(false);
      this.#button.focus();
    });
    document.addEventListener("pointerdown", (event) => {
      const inside =
        event.target instanceof Node && (this.#panel.contains(event.target) || this.#button.contains(event.target));
      if (!inside) this.#open(false);
    });
  }

  /** @param {boolean} open */
  #open(open) {
    this.#panel.hidden = !open;
    this.#button.setAttribute("aria-expanded", String(open));
  }

  /**
   * @param {string} name of the radio buttons
   * @param {string} current
   * @param {(value: string) => void} changed
   */
  #choose(name, current, changed) {
    for (const choice of this.#panel.querySelectorAll("input")) {
      if (choice.name !== name) continue;
      choice.checked = choice.value === current;
      choice.addEventListener("change", () => changed(choice.value));
    }
  }
}
