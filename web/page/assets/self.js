// @ts-check
// Who one is: the own name, shown and changed.

import { ask } from "./ask.js";
import { byId } from "./dom.js";
import { colourOf, initial, visibleName } from "./names.js";

/** @typedef {import("./rooms.js").Rooms} Rooms */

export const MAX_NAME = 32; // characters; the server's limit

export class Self {
  #i18n;
  #store;
  #rooms;
  #face = byId("self-face", HTMLElement);
  #name = byId("self-name", HTMLElement);

  /** @param {import("./i18n.js").I18n} i18n @param {import("./store.js").Store} store @param {Rooms} rooms */
  constructor(i18n, store, rooms) {
    this.#i18n = i18n;
    this.#store = store;
    this.#rooms = rooms;
    for (const button of document.querySelectorAll("[data-rename]")) button.addEventListener("click", () => this.ask());
  }

  async ask() {
    const [title, hint] = [this.#i18n.text("page.name.title"), this.#i18n.text("page.name.hint")];
    const value = this.#store.get("name") || this.#rooms.current.room.you?.name;
    const name = await ask({ title, hint, value, max: MAX_NAME });
    if (name) this.rename(name);
  }

  /** @param {string} name */
  rename(name) {
    const { room, status } = this.#rooms.current;
    this.#rooms.rename(name);
    if (status.state === "refused") room.retry(); // the name may be why
    this.show();
  }

  show() {
    const name = visibleName(this.#rooms.current.room.you?.name ?? (this.#store.get("name") || "…"));
    if (this.#name.textContent === name) return;
    this.#name.textContent = name;
    this.#face.textContent = initial(name);
    this.#face.className = `face p${colourOf(name)}`;
  }
}
